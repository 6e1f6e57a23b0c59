"""Text whose UTF-8 bytes were each written as a character of their own, as Meta's exports do.

An é, whose bytes are C3 and A9, stands there as `\\u00c3\\u00a9`.
"""

__all__ = ["repair_mojibake"]


def repair_mojibake(text: str) -> str:
    """Return the text with those bytes read as UTF-8, or unchanged where it is something else.

    It is something else if a character isn't a byte, or if the bytes aren't UTF-8: text that is
    right stays as it is, but for a few sequences that nobody writes, such as Ã©.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
