"""Repairs the mojibake of Meta's exports, which write each UTF-8 byte as a character.

An é, whose bytes are C3 and A9, becomes `\\u00c3\\u00a9` there.
"""

__all__ = ["repair_mojibake"]


def repair_mojibake(text: str) -> str:
    """Return the text with those bytes decoded as UTF-8, or unchanged if it isn't mojibake.

    It isn't if a character is not a byte, or if the bytes aren't UTF-8: correct text is unchanged,
    except for a few sequences that nobody writes, such as Ã©.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
