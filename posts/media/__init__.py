"""Finds out which files belong to which post, from certain evidence down to guesses."""
