"""The scoring loop and the models loop; knows ports, not Kafka."""
