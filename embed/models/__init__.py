"""Loads models from this machine and chooses what computes their vectors."""
