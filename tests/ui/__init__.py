"""Tests of streamscore_cli.ui."""
