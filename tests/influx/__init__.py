"""Tests of influx/."""
