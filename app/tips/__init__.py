"""Runs the tip commands and `watch`, and writes and prints their results."""
