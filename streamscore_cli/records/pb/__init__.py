"""Generated protobuf code; made by `make protos`, never edited."""
