"""Settings, one typed tree, and where each value came from; reads files and the environment, connects to nothing."""
