"""Matches several cases with each other."""
