"""Decodes pictures safely: formats, broken files, animations, transparency."""
