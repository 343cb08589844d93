"""streamscore scores records that flow through Apache Kafka with models that flow through Apache Kafka."""

__version__ = "0.1.0"
