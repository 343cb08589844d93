"""Model formats: what turns an artifact into a servable; the only importers of TensorFlow and pypmml."""
