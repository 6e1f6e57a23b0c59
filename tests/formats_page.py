"""Writes the generated table of formats into docs/formats.md: `python tests/formats_page.py`."""

from pathlib import Path

from frametrace.posts.open_source import formats_table

__all__ = ["PAGE", "with_table"]

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"
_BEGIN, _END = "<!-- formats_table() -->\n", "<!-- end -->\n"


def with_table(page: str) -> str:
    """The page with the table up to date."""
    before, _, rest = page.partition(_BEGIN)
    return before + _BEGIN + formats_table() + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
