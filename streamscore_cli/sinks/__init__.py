"""Scores and statistics out, best effort: a sink drops and counts, and never slows or stops scoring."""
