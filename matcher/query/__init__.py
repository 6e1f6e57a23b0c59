"""Answers where else a picture or a text was posted."""
