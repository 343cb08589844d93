"""Tests of streamscore_cli.api."""
