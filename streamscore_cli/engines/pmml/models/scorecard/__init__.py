"""Scorecards: points by characteristic, and the reasons for a score."""
