"""Finds candidates fast: one index per signal, exact for hashes, derived from the case."""
