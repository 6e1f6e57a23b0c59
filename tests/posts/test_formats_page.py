"""docs/formats.md matches the readers, and the tree in errors.py matches the classes."""

from formats_page import PAGE, with_table

from frametrace.posts import errors


def test_the_table_in_the_documentation_is_the_generated_one() -> None:
    page = PAGE.read_text("utf-8")
    assert page == with_table(page), "run `make formats`"


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
