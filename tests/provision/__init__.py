"""Tests of provision/."""
