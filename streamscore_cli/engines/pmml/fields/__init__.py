"""Fields: how a document declares them, where they are seen, how inputs become usable; no model is in here."""
