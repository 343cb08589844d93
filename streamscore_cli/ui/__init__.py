"""Console, tables and live views; sees values only, decides nothing."""
