"""The native PMML engine: a document in, columns in, columns out; it knows nothing of Kafka, serving or the wire."""
