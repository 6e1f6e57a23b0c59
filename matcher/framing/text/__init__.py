"""Splits texts into terms, weighs them, and finds the phrases that characterise a group."""
