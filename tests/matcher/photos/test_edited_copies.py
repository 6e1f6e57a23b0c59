"""Edited copies in a case: found by local features, grouped with what they show, never merged."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from making import cropped, jpeg, make_case, photo, screenshot, stamped
from picturing import panels
from PIL import Image, ImageOps

from frametrace.app.summary import counts_of
from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.network import shares_in_case
from frametrace.matcher.saved_results import Results, load_results
from frametrace.matcher.tips.export_selection import Selection, selected_posts
from frametrace.matcher.tips.watch_new_posts import compare_new_posts
from frametrace.matcher.tips.watch_state import open_watch, save_state

Match = Callable[..., Results]
Group = frozenset[tuple[str, str]]

A, B, C = photo(1), photo(2), photo(3)
SIGNALS = ("pdq", "local")


PICTURES = {
    "a": jpeg(A),
    "a-again": jpeg(A, 60),
    "a-crop": jpeg(cropped(A, 0.7)),
    "a-mirror": jpeg(ImageOps.mirror(A)),
    "a-screen": jpeg(screenshot(A)),
    "b": jpeg(B),
    "b-crop": jpeg(cropped(B, 0.6)),
    "ab": jpeg(panels(A, B)),
    "ab-again": jpeg(panels(A, B), 60),
    "c": jpeg(C),
    "c-inside": jpeg(panels(C, photo(4))),
    "logo-1": jpeg(stamped(photo(5))),
    "logo-2": jpeg(stamped(photo(6))),
}


def add(folder: Path, names: list[str], posts: list[Mapping[str, Any]] | None = None) -> Case:
    """Each picture in a post of its own, which is called like it."""
    pictures = {f"{name}.jpg": PICTURES[name] for name in names}
    plain = [
        {"post_id": name, "account_id": f"by-{name}", "media": [f"{name}.jpg"]} for name in names
    ]
    return make_case(folder, posts or plain, pictures, signals=SIGNALS)


def groups_of(results: Results) -> set[Group]:
    """The posts of each group, and how each belongs."""
    groups: dict[str, set[tuple[str, str]]] = {}
    for member in results.members.to_pylist():
        row = (member["post_id"], member["relation"])
        groups.setdefault(member["group_id"], set()).add(row)
    return {frozenset(rows) for rows in groups.values()}


def group(copies: str, containing: str = "", parts: str = "") -> Group:
    return frozenset(
        (name, relation)
        for names, relation in ((copies, "copy"), (containing, "contains"), (parts, "part"))
        for name in names.split()
    )


ALL = {
    group("a a-again a-crop a-mirror", "a-screen ab ab-again"),
    group("b b-crop", "ab ab-again"),
    group("ab ab-again"),
    group("c", "c-inside"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return add(tmp_path_factory.mktemp("made"), list(PICTURES))


@pytest.fixture
def results(made: Case, matched: Match) -> Results:
    return matched(made)


def test_edited_copies_join_their_photo_and_a_collage_stands_with_both_and_merges_neither(
    made: Case, results: Results
) -> None:
    assert groups_of(results) == ALL
    rows = {(r["post_id"], r["relation"]): r for r in results.members.to_pylist()}
    assert rows["a-mirror", "copy"]["mirrored"]
    assert rows["a-crop", "copy"]["part_b"] > 0.9  # all that it shows is of the photo
    assert rows["a-screen", "contains"]["part_a"] > 0.75  # the photo is in it whole
    counts = counts_of(made, results)
    assert (counts.photo_groups, counts.edited, counts.containing) == (4, 3, 3)


def test_what_shares_a_part_is_a_match_and_groups_nothing(results: Results) -> None:
    """A logo on two photos; and a photo that a collage and a screenshot both show."""
    names = {hashlib.sha256(data).hexdigest(): name for name, data in PICTURES.items()}
    rows = results.matches.table().to_pylist()
    parts = [r for r in rows if r["relation"] == "shares_element"]
    shared = {frozenset((names[r["sha256_a"]], names[r["sha256_b"]])) for r in parts}
    assert shared == {frozenset(("logo-1", "logo-2")), frozenset(("a-screen", "ab"))}
    assert not {"logo-1", "logo-2"} & set(results.members["post_id"].to_pylist())


def test_without_local_features_pictures_are_compared_by_pdq_alone(
    matched: Match, tmp_path: Path
) -> None:
    plain = {f"{name}.jpg": data for name, data in PICTURES.items()}
    posts = [{"post_id": name, "media": [f"{name}.jpg"]} for name in PICTURES]
    results = matched(make_case(tmp_path, posts, plain, signals=("pdq",)))
    assert groups_of(results) == {group("a a-again"), group("ab ab-again")}


def test_accounts_that_share_a_collage_share_one_thing(tmp_path: Path, matched: Match) -> None:
    posts = [
        {"post_id": name, "account_id": account, "media": [f"{name.split('.')[0]}.jpg"]}
        for account, names in {
            "ann": ["a", "ab"],
            "bob": ["b", "ab-again"],
            "cyd": ["a-crop"],
            "dan": ["b-crop"],
        }.items()
        for name in names
    ]
    case = add(tmp_path, ["a", "b", "ab", "ab-again", "a-crop", "b-crop"], posts)
    results = matched(case)
    assert groups_of(results) == {
        group("a a-crop", "ab ab-again"),
        group("b b-crop", "ab ab-again"),
        group("ab ab-again"),
    }
    shared = {
        (t["account_id_a"], t["account_id_b"]): t["shared_groups"] for t in results.ties.to_pylist()
    }
    assert shared == {("ann", "bob"): 1, ("ann", "cyd"): 1, ("bob", "dan"): 1}
    shares = shares_in_case(case, results.members)
    assert len(shares.items) == 3  # the two photos and the collage
    counted = {a["account_id"]: a["photo_groups"] for a in results.accounts.to_pylist()}
    assert counted == {"ann": 2, "bob": 2, "cyd": 1, "dan": 1}


def test_a_narrow_part_of_a_known_photo_is_listed_with_it_and_not_the_other_way_round(
    tmp_path: Path, matched: Match
) -> None:
    """The photo stands in more posts than the part, which stands in two files."""
    names = ["a", "a-again", "a-crop", "c"]
    part = cropped(A, 0.3)
    pictures = {f"{name}.jpg": PICTURES[name] for name in names}
    pictures |= {"part.jpg": jpeg(part), "part-again.jpg": jpeg(part, 60)}
    posts = [{"post_id": name[:-4], "media": [name]} for name in pictures]
    case = make_case(tmp_path, posts, pictures, signals=SIGNALS)
    results = matched(case)
    assert groups_of(results) == {
        group("a a-again a-crop", parts="part part-again"),
        group("part part-again"),
    }
    by_name = {r["post_id"]: r for r in results.members.to_pylist() if r["relation"] == "part"}
    assert sorted(row["signal"] for row in by_name.values()) == ["local", "pdq"]
    known = results.groups["group_id"][0].as_py()
    chosen = selected_posts(case, Selection(groups=(known,)), load_results(case))
    assert set(chosen["post_id"].to_pylist()) == {"a", "a-again", "a-crop"}


def test_a_tip_on_a_group_brings_its_copies_alone(made: Case, results: Results) -> None:
    (name,) = {row["group_id"] for row in results.members.to_pylist() if row["post_id"] == "b-crop"}
    chosen = selected_posts(made, Selection(groups=(name,)), load_results(made))
    assert set(chosen["post_id"].to_pylist()) == {"b", "b-crop"}


def test_what_comes_later_joins_as_if_it_had_been_there_and_is_told_of(
    tmp_path: Path, matched: Match
) -> None:
    """Batch by batch; a collage that arrives makes no group the heir of another."""
    names = list(PICTURES)
    batches = [names[:2] + names[5:6], names[7:8], names[2:5] + names[6:7] + names[8:]]
    for batch in batches:
        case = add(tmp_path, batch)
        results = matched(case)
        changes = dict(
            zip(
                results.changes["group_id"].to_pylist(),
                results.changes["change"].to_pylist(),
                strict=True,
            )
        )
        if batch == ["ab"]:
            assert groups_of(results) == {group("a a-again", "ab"), group("b", "ab")}
            assert sorted(changes.values()) == ["grew", "new"]
    assert groups_of(results) == ALL
    assert "merged" not in changes.values()
    assert {row["post_id"] for row in results.arrivals.to_pylist()} >= {"b-crop", "ab-again"}


def test_one_recorded_step_ties_what_the_medoid_does_not_show(
    tmp_path: Path, matched: Match
) -> None:
    """Left and right parts of one photo, each a copy of the whole and not of each other."""
    left, right = A.crop((0, 0, 420, 480)), A.crop((220, 0, 640, 480))
    pictures = {"left.jpg": jpeg(left), "whole.jpg": jpeg(A), "right.jpg": jpeg(right)}
    pictures["more.jpg"] = jpeg(cropped(left, 0.7))
    posts = [{"post_id": name[:-4], "media": [name]} for name in pictures]
    results = matched(make_case(tmp_path, posts, pictures, signals=SIGNALS))
    assert len(results.groups) == 1
    through = {r["post_id"]: r["via_sha256"] for r in results.members.to_pylist()}
    assert set(through) == {"left", "whole", "right", "more"}
    assert sum(via is not None for via in through.values()) >= 1


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one_picture_are_no_trouble(tmp_path: Path, matched: Match, count: int) -> None:
    posts = [{"text": "no picture"}, *({"media": [f"{n}.jpg"]} for n in list(PICTURES)[:count])]
    results = matched(add(tmp_path, list(PICTURES)[:count], posts))
    assert (results.groups.num_rows, results.matches.num_rows) == (0, 0)


def test_pictures_without_features_are_compared_with_nothing(
    tmp_path: Path, matched: Match
) -> None:
    flat = [Image.new("RGB", (300, 200), (grey,) * 3) for grey in (80, 90, 90)]
    pictures = {f"flat{at}.png": jpeg(image, 80 + at) for at, image in enumerate(flat)}
    pictures |= {"a.jpg": PICTURES["a"], "a-crop.jpg": PICTURES["a-crop"]}
    posts = [{"post_id": name.split(".")[0], "media": [name]} for name in pictures]
    results = matched(make_case(tmp_path, posts, pictures, signals=SIGNALS))
    assert groups_of(results) == {group("a a-crop")}


def test_results_are_the_same_bytes_whatever_was_known_before(made: Case) -> None:
    files = []
    for known in (True, False):
        if not known:
            shutil.rmtree(made.path / "verified")
        match_case(made)
        (folder,) = (f for f in (made.path / "results").iterdir() if f.is_dir())
        files.append({file.name: file.read_bytes() for file in folder.glob("*.parquet")})
    assert files[0] == files[1]


def test_who_newly_posts_a_known_collage_is_told_of_by_the_group_of_the_collage(
    tmp_path: Path,
) -> None:
    case = add(tmp_path, ["a", "a-crop", "b", "b-crop", "ab", "ab-again"])
    results, _ = match_case(case)
    (own,) = {
        r["group_id"]
        for r in results.members.to_pylist()
        if (r["post_id"], r["relation"]) == ("ab", "copy")
    }
    with open_watch(case) as state:
        save_state(case, compare_new_posts(case, state, []).state)
    (tmp_path / "new.jpg").write_bytes(PICTURES["ab"])
    case = make_case(tmp_path, [{"account_id": "new", "media": ["new.jpg"]}], signals=SIGNALS)
    with open_watch(case) as state:
        rows = compare_new_posts(case, state, []).newcomers.to_pylist()
    assert [(row["account_id"], row["known_as"]) for row in rows] == [("new", own)]
