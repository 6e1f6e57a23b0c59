"""Decides whether two pictures show the same photo, where they agree, and what was altered."""
