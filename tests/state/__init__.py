"""Tests of streamscore_cli.state."""
