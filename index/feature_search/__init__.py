"""Finds the pictures that share local features with one picture: an inverted index."""
