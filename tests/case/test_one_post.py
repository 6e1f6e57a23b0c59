"""A post that several tools exported is one post of a case, with the pictures of all."""

import json
from itertools import permutations
from pathlib import Path

import pytest
from making import jpeg, photo
from one_post import EXPORTS, KEYS, TEXT, copied

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.posts.media.media_library import MediaLibrary


@pytest.mark.parametrize("platform", KEYS)
def test_a_post_of_several_tools_is_one(platform: str, tmp_path: Path) -> None:
    exports = [export for export in EXPORTS if export.platform == platform]
    sources = []
    for number, export in enumerate(exports):
        folder = tmp_path / str(number)
        folder.mkdir()
        sources.append(copied(export, folder))
        if export.reader == "gallery-dl":
            (document,) = folder.iterdir()
            document.with_suffix("").write_bytes(jpeg(photo(1, 64, 64)))
    case = Case.create(tmp_path / "case")
    added = add_sources(case, sources, library=MediaLibrary([]))
    assert (added.rows, added.posts) == (len(sources), 1)
    reasons = [row["reason"] for row in case.read("skipped").to_pylist()]
    assert [reason for reason in reasons if "with this key" in reason] == []
    assert added.media == any(export.reader == "gallery-dl" for export in exports)


_GRID = {"_zs_partial": True, "id": "1929261108986102451_77", "code": "BrGHMHIF8Kz"}
_WHOLE = {"code": "BrGHMHIF8Kz", "taken_at": 1566223402, "caption": {"text": "whole"}}
_ITEMS = (
    _GRID,
    _WHOLE | {"user": {"pk": "77", "username": "Lin_L"}},
    _WHOLE | {"owner": {"pk": "77"}},
)


@pytest.mark.parametrize("order", list(permutations(range(len(_ITEMS)))))
@pytest.mark.parametrize("at_once", [True, False])
def test_an_account_known_by_its_number_alone_is_the_same(
    order: tuple[int, ...], at_once: bool, tmp_path: Path
) -> None:
    around = {"timestamp_collected": 1700000000000, "source_platform": "instagram.com"}
    lines = [
        json.dumps({"item_id": "1929261108986102451_77", **around, "data": _ITEMS[at]})
        for at in order
    ]
    case = Case.create(tmp_path / "case")
    for number, content in enumerate(["\n".join(lines)] if at_once else lines):
        source = tmp_path / f"{number}.ndjson"
        source.write_text(content, "utf-8")
        add_sources(case, [source], library=MediaLibrary([]))
    (post,) = case.read("posts").to_pylist()
    assert post["text"] == "whole"
    assert post["account_id"] in {"lin_l", "77"}
    assert case.read("skipped").to_pylist() == []


@pytest.mark.parametrize(
    ("platform", "post_id", "account", "file"),
    [
        ("Instagram", "1929261108986102451", "@Lin_L", "1929261108986102451_1.jpg"),
        ("instagram", "https://www.instagram.com/p/BrGHMHIF8Kz/", "lin_l", "BrGHMHIF8Kz.jpg"),
        ("Instagram posts", "1929261108986102451_77", "Lin_L", "1929261108986102451_77_a.jpg"),
    ],
)
def test_a_table_of_ones_own_names_posts_as_tools_do(
    platform: str, post_id: str, account: str, file: str, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text(f'platform,post_id,account_id,text\n{platform},{post_id},{account},"{TEXT}"\n')
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / file).write_bytes(jpeg(photo(1, 64, 64)))
    (export,) = (export for export in EXPORTS if export.id == "instaloader/instagram")
    (tmp_path / "other").mkdir()
    case = Case.create(tmp_path / "case")
    sources = [own, copied(export, tmp_path / "other")]
    added = add_sources(case, sources, library=MediaLibrary([tmp_path / "pictures"]))
    assert (added.posts, added.media) == (1, 1)
    (post,) = case.read("posts").to_pylist()
    assert (post["platform"], post["post_id"], post["account_id"]) == (
        "instagram",
        *KEYS["instagram"],
    )
