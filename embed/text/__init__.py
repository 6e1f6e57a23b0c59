"""Normalises texts into keys, and compares keys by n-grams and MinHash."""
