"""Searches and joins hashes by Hamming distance, exactly."""
