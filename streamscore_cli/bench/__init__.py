"""Open-loop load and what came of it, by sequence numbers; it knows ports, not Kafka, and shows nothing."""
