"""Proposes all pairs of pictures that may share pixels, by a join of their local features."""
