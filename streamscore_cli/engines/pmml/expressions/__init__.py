"""Transformations as data that computes columns; which field gets the result is decided in fields."""
