"""Computes the signals of pictures and captions."""
