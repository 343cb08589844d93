"""Tests of streamscore_cli.core."""
