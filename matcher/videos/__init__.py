"""Compares videos with pictures and with each other: frames that agree at one offset and speed."""
