"""Tests of the shape of the project: imports, sizes, documents."""
