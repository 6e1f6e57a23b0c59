"""Helpers that several readers share: the reader contract, keys, platforms, texts. No formats."""
