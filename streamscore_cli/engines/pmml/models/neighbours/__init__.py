"""Nearest neighbours: what the training records nearest to a row say of it."""
