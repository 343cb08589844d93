"""One file per command group: parse, call, show; no logic."""
