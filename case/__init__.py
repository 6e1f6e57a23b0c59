"""The case on disk: immutable shards, epochs, locks, atomic files, and adding posts to it."""
