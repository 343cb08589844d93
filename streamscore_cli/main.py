"""The Typer app, and the only place where an exception becomes an exit code; it holds no logic."""
