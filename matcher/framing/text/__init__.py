"""Splits texts into terms, weighs them, and finds the words that characterise a group."""
