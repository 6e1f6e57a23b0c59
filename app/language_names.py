"""Names languages in English, for reports and summaries."""

from functools import cache

__all__ = ["language_name"]


def language_name(code: str) -> str:
    """The English name of a language (ISO 639-1) in Unicode's CLDR; empty if it is unknown."""
    return "" if code.startswith("und") else _names().get(code, code)


@cache
def _names() -> dict[str, str]:
    from babel import Locale

    return {code: str(name) for code, name in Locale("en").languages.items()}
