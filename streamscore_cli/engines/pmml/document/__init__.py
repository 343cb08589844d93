"""A PMML document as checked, immutable elements; what they mean is decided by the compilers."""
