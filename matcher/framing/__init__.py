"""Framings: posts that say or show alike, whatever photo they carry and whatever words they use."""
