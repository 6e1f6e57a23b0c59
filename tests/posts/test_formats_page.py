"""docs/formats.md matches the readers, and the tree in errors.py matches the classes."""

from pathlib import Path

from frametrace.posts import errors
from frametrace.posts.open_source import formats_table

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_table_in_the_documentation_is_the_generated_one() -> None:
    begin, end = "<!-- formats_table() -->\n", "<!-- end -->\n"
    _, table = PAGE.read_text("utf-8").split(begin)
    assert table.split(end)[0] == formats_table()


def test_the_error_tree_is_the_one_in_the_code() -> None:
    assert errors.__doc__
    shown: dict[str, int] = {}
    for line in errors.__doc__.splitlines():
        name = line.lstrip("├└│─ ")
        depth = (len(line) - len(name)) // 4
        if (found := name.partition(" ")[0]) in errors.__all__:
            above = [error for error, at in shown.items() if at == depth - 1]
            base = getattr(errors, found).__base__
            assert base is (getattr(errors, above[-1]) if depth else Exception)
            shown[found] = depth
    assert sorted(shown) == sorted(errors.__all__)
