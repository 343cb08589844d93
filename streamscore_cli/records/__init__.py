"""Bytes to columns and messages, and back; it knows formats, not Kafka."""
