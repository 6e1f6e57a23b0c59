"""Exports, checks and answers tips: signals that platforms exchange without the pictures."""
