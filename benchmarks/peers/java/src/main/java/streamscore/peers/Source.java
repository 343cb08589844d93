package streamscore.peers;

/** Which record a result answers; the timestamp is in milliseconds since 1970. */
record Source(String topic, int partition, long offset, long timestampMs) {}
