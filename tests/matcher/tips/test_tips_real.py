"""Tips on real data: lists of hashes as others publish them, and real posts of real pictures."""

import json

import numpy as np
import pytest
from making import write_jsonl

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.index.distinct_codes import Codes
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.matcher.match_cases import match_cases
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.export import export_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.hash_lists import pdq_hashes, tip_from_list
from frametrace.matcher.tips.nearest_items import nearest_hashes
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.executor import InProcess


def codes_of(tip):
    return np.frombuffer(b"".join(tip.items["pdq"].to_pylist()), np.uint8).reshape(-1, 32)


@pytest.mark.parametrize(("radius", "pairs"), [(0, 50), (15, 151), (31, 250), (47, 287)])
def test_published_lists_hold_as_many_pairs_as_their_publisher_counts(
    shared, tmp_path, radius, pairs
):
    tips = []
    for name in ("needles", "haystack"):
        source = shared / "pdq" / f"{name}.txt"
        tip_from_list(source, tmp_path / f"{name}.json")
        tips.append(read_tip(tmp_path / f"{name}.json"))
        assert pdq_hashes(tips[-1])["pdq"].to_pylist() == source.read_text().split()
    needles, hay = map(codes_of, tips)
    index = HammingIndex(
        Codes.collapse(hay, np.arange(len(hay) * 32, dtype=np.uint8).reshape(-1, 32))
    )
    assert nearest_hashes(index, needles, radius).near.sum() == pairs


@pytest.fixture
def cases(shared, tmp_path):
    """The two platforms of the real posts, each in a case of its own."""
    lines = (shared / "real_edits" / "posts.jsonl").read_text("utf-8").splitlines()
    posts = [json.loads(line) for line in lines]
    made = []
    for platform in ("twitter", "facebook"):
        source = write_jsonl(
            tmp_path / f"{platform}.jsonl", [p for p in posts if p["platform"] == platform]
        )
        case = Case.create(tmp_path / platform)
        add_sources(case, [source], library=MediaLibrary([shared / "real_edits"]))
        embed(case, EmbedSettings(signals=("pdq", "phash", "caption_key")), executor=InProcess())
        made.append(Case(case.path))
    return made


def test_a_tip_finds_what_comparing_the_pictures_themselves_finds(cases, tmp_path):
    ours, theirs = cases
    accounts = tuple(set(ours.read("posts")["account_id"].to_pylist()))
    export_tip(ours, Selection(accounts=accounts), tmp_path / "tip.json")
    found = check_tip(theirs, read_tip(tmp_path / "tip.json")).echoes.to_pylist()
    by_picture = {
        (row["post_id"], row["media_sha256"], row["distance"])
        for row in found
        if row["signal"] == "pdq"
    }
    rows = match_cases([ours, theirs], tmp_path / "union").reuses.to_pylist()
    rows = [row for row in rows if row["signal"] in ("sha256", "pdq")]
    judged = {
        row["sha256"] for row in theirs.read("signals/pdq").to_pylist() if row["quality"] >= 50
    }
    expected = {
        (row["post_id"], row["sha256_b"], row["distance"])
        for row in rows
        if row["sha256_b"] in judged
    }
    assert len(expected) > 50
    assert by_picture == expected
