"""Holds what several readers share: the reader contract, keys, platforms and texts."""
