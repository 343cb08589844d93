"""Predicates as data that computes three-valued columns; who branches on them is decided by the models."""
