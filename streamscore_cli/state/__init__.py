"""Statistics of one instance as immutable snapshots; it measures and remembers, it shows and sends nothing."""
