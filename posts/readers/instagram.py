"""Instagram's two names for a post: a number, and the shortcode of its link."""

import re

__all__ = ["shortcode_of"]

# The digits of a shortcode, which is the number in base 64 (RFC 4648, section 5).
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# A media's number of at most 64 bits, alone or before its author's: `123` or `123_456`.
_NUMBER = re.compile(r"(\d{1,20})(?:_\d{1,20})?", re.ASCII)


def shortcode_of(id: str) -> str:
    """Name a post by its shortcode, given its media id; anything else is returned unchanged."""
    match = _NUMBER.fullmatch(id)
    if match is None:
        return id
    number = int(match[1])
    code = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        code = _DIGITS[digit] + code
    return code or _DIGITS[0]
