"""What HTML writes in place of characters: `&amp;`, `&#9731;`."""

import re
from html import unescape

__all__ = ["unescaped"]

# No character has so high a number, and Python refuses to read one of 5,000 digits.
_ENDLESS = re.compile(r"&#0*[1-9]\d{7,};?", re.ASCII)


def unescaped(text: str) -> str:
    """Write the characters themselves; U+FFFD for what is none."""
    return unescape(_ENDLESS.sub("\ufffd", text)) if "&" in text else text
