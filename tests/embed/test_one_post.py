"""A post that several tools told of is one post of a case, with the pictures of all."""

from pathlib import Path

import pytest
from making import jpeg, photo
from one_post import KEYS, TOLD, written

from frametrace.embed.add import add_sources
from frametrace.embed.case import Case
from frametrace.posts.media import MediaLibrary


@pytest.mark.parametrize("platform", KEYS)
def test_a_post_of_several_tools_is_one(platform: str, tmp_path: Path) -> None:
    sources = []
    for number, told in enumerate(told for told in TOLD if told.platform == platform):
        folder = tmp_path / str(number)
        folder.mkdir()
        sources.append(written(told, folder))
        if told.reader == "gallery-dl":
            picture = sources[-1].with_name(sources[-1].name.removesuffix(".json"))
            picture.write_bytes(jpeg(photo(1, 64, 64)))
    case = Case.create(tmp_path / "case")
    added = add_sources(case, sources, library=MediaLibrary([]))
    assert (added.rows, added.posts) == (len(sources), 1)
    reasons = [row["reason"] for row in case.read("skipped").to_pylist()]
    assert [reason for reason in reasons if "with this key" in reason] == []
    assert added.media == any(
        told.reader == "gallery-dl" for told in TOLD if told.platform == platform
    )
