"""Everything that talks to Kafka; the only importer of confluent_kafka."""
