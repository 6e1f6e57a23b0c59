"""Inspects sources before they are added."""
