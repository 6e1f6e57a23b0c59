"""Finds out which pictures and videos belong to which post, from certain evidence down to guesses."""
