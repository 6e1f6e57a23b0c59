"""Ranks posts by their similarity to examples that people name."""
