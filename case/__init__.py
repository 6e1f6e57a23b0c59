"""Keeps a case on disk (shards, epochs, locks, atomic files) and adds posts to it."""
