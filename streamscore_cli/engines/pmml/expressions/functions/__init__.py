"""The built-in functions, one line each in a table; how a function is applied to columns is decided in apply."""
