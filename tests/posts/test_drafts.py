"""Drafts of column maps: the right columns, none made up, and none that hostile cells upset."""

from collections.abc import Iterator, Mapping

import pytest
from drafting import BUILT_WITH, Table

from frametrace.posts.drafts import Draft, draft_of
from frametrace.posts.rows import Row


def _rows(table: Table) -> Iterator[Row]:
    for line, cells in enumerate(table.rows, start=2):
        yield Row(dict(zip(table.names, cells, strict=True)), "posts.csv", line)


def _draft(table: Table, given: Mapping[str, str] | None = None) -> Draft:
    return draft_of(table.names, _rows(table), given)


def _named(tables: tuple[Table, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("table", tables, ids=[table.called for table in tables])


@_named(BUILT_WITH)
def test_a_draft_names_the_right_columns(table: Table) -> None:
    draft = _draft(table)
    assert dict(draft.columns) == dict(table.wanted)
    assert (draft.platform, draft.account_kind or "") == (table.platform, table.kind)
