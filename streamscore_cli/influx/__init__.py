"""How InfluxDB is spoken to, whatever its version; the only importer of influxdb_client. What is said is elsewhere."""
