"""The two names of a post of Instagram: its number, and the code that its link ends in."""

__all__ = ["shortcode_of"]

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def shortcode_of(number: str) -> str:
    """The code of a post's number: base 64. Raises ValueError if it is not such a number."""
    own = number.partition("_")[0].strip()  # `<post>_<account>` is how the API names posts
    if not (own.isascii() and own.isdecimal() and len(own) <= 20):
        raise ValueError(f"{number[:40]!r} is not the number of a post")
    left, code = int(own), ""
    while left:
        left, sign = divmod(left, len(_SIGNS))
        code = _SIGNS[sign] + code
    return code or _SIGNS[0]
