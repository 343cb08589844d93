"""The composition root: settings to wired objects, threads, signals, logging; no logic of the domain."""
