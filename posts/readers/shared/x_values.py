"""What a post of X says, whatever tool kept it: some have X's own spelling, some have put it right.

In the texts that X gives out, `&`, `<` and `>` are written `&amp;`, `&lt;` and `&gt;`, and nothing
else is (https://docs.x.com, counting characters; archives of accounts and of operations likewise).
"""

import re

__all__ = ["text_on", "x_text"]

_ESCAPED = re.compile(r"&(amp|lt|gt);")
_SIGNS = {"amp": "&", "lt": "<", "gt": ">"}


def x_text(text: str) -> str:
    """Write these three signs as such, once."""
    return _ESCAPED.sub(lambda found: _SIGNS[found[1]], text) if "&" in text else text


def text_on(platform: str, text: str) -> str:
    """The same for what a table of any tool says of a post on some platform."""
    return x_text(text) if platform == "twitter" else text
