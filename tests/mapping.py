"""Tables of one row that a column map describes."""

from collections.abc import Callable
from pathlib import Path

from sampling import is_sound, table_text

from frametrace.posts.columns.column_map import map_from_options, read_map
from frametrace.posts.model import Post
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.source_parts import Entry

__all__ = ["Posting", "Reading", "post_mapped", "read_mapped"]

Reading = Callable[..., list[Entry]]
Posting = Callable[..., Post]


def read_mapped(folder: Path, row: dict[str, str], *pairs: str, toml: str = "") -> list[Entry]:
    """What a table of one row gives by a map of these pairs, or by one that is written so."""
    table = folder / "table.csv"
    table.write_text(table_text([row, row.values()]), "utf-8", newline="")
    (folder / "map.toml").write_text(toml, "utf-8")
    columns = map_from_options(pairs) if pairs else read_map(folder / "map.toml")
    return list(open_source(table, ReadSettings(columns=(columns,))).entries())


def post_mapped(folder: Path, row: dict[str, str], *pairs: str, toml: str = "") -> Post:
    """The same, where that is one sound post."""
    (found,) = read_mapped(folder, row, *pairs, toml=toml)
    assert isinstance(found, Post)
    assert is_sound(found)
    return found
