"""Records and models from files to topics, paced; knows ports, not Kafka."""
