"""Looks at sources before they are added."""
