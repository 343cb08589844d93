"""Values and rules of the domain: standard library and NumPy only, no input or output."""
