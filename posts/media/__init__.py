"""Finds out which picture files belong to which post, from certain evidence down to guesses."""
