"""Verifies candidates, groups posts, and finds ties between accounts."""
