"""Typed cells, columns and batches; they hold values and know no PMML element."""
