"""The map: similar posts lie together."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from making import jpeg, make_case, photo, put_codes

from frametrace.case.store import Case
from frametrace.matcher.framing.clustering import FramingGroups
from frametrace.matcher.framing.distinct_contents import Contents, ItemLists
from frametrace.matcher.framing.tsne_map import sample_contents, tsne_positions
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import MAP
from frametrace.matcher.saved_results import load_results

TEXTS = [
    "Masked men burned the station down last night and nobody says a word about who paid them",
    "Fresh strawberries are half the price at the harbour market until Saturday afternoon",
    "The volunteers counted eleven thousand migrating cranes above the northern marshes",
]


def rarity_of(sizes: list[int], within: float = 9.0, seed: int = 0) -> tuple[np.ndarray, ...]:
    """The rarity of pairs of contents, high within groups and low across them, and the groups."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.abs(np.random.default_rng(seed).normal(0.4, 0.3, (len(group), len(group))))
    rarity = np.where(group[:, None] == group, within, (noise + noise.T) / 2)
    np.fill_diagonal(rarity, 0)
    return rarity.astype(np.float32), group


def apart(positions: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """The mean distance inside groups, and between them."""
    distance = np.linalg.norm(positions[:, None] - positions, axis=2)
    same = group[:, None] == group
    np.fill_diagonal(distance, np.nan)
    return float(np.nanmean(distance[same])), float(np.nanmean(distance[~same]))


@pytest.mark.parametrize(
    "sizes",
    [[2, 1], [2, 2], [3, 3, 1, 1], [2] * 12, [5] * 20, [60, 60, 2, *[1] * 30]],
    ids=["pair-and-one", "two-pairs", "few", "many-pairs", "one-size", "large-ones-of-equals"],
)
@pytest.mark.parametrize("seed", range(3))
def test_similar_contents_lie_together(sizes: list[int], seed: int) -> None:
    rarity, group = rarity_of(sizes, seed=seed)
    inside, between = apart(tsne_positions(rarity), group)
    assert inside < between * 0.5


def test_pairs_of_captions_that_nothing_else_ties_lie_together() -> None:
    """As in a case without a model: most contents are similar to none."""
    rarity, group = rarity_of([*[2] * 10, *[1] * 80], within=4.0)
    positions = tsne_positions(rarity)
    distance = np.linalg.norm(positions[:, None] - positions, axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)[:20]
    assert np.mean(group[nearest] == group[:20]) >= 0.9


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 40])
@pytest.mark.parametrize("alike", [0.0, 0.5, 18.0])
def test_any_number_of_equal_contents_has_positions(count: int, alike: float) -> None:
    positions = tsne_positions(np.full((count, count), alike, np.float32))
    assert positions.shape == (count, 2)
    assert positions.dtype == np.float32
    assert np.isfinite(positions).all()
    assert ((positions >= 0) & (positions <= 1)).all()


def test_the_same_contents_have_the_same_positions() -> None:
    rarity, _ = rarity_of([20, 9, 3, *[1] * 20])
    assert np.array_equal(tsne_positions(rarity), tsne_positions(rarity.copy()))


def contents_of(groups: list[int], pictures: list[int]) -> tuple[Contents, FramingGroups]:
    """Contents with given numbers of pictures, and their groups."""
    n, group = len(groups), np.array(groups)
    none = np.empty(0)
    carried = ItemLists(np.append(0, np.cumsum(pictures)), np.zeros(sum(pictures), np.int64))
    contents = Contents(*[none] * 10)  # type: ignore[arg-type]
    for name, value in (
        ("caption", group),
        ("pictures", carried),
        ("post_counts", np.ones(n, int)),
    ):
        object.__setattr__(contents, name, value)
    medoid = np.array([groups.index(g) for g in range(max(groups, default=-1) + 1)], np.int64)
    return contents, FramingGroups(group, medoid, none, none, none)  # type: ignore[arg-type]


def test_a_sample_has_every_group() -> None:
    groups = [*[-1] * 500, *range(30), *range(30), *[7] * 400]
    contents, found = contents_of(groups, [0] * len(groups))
    content = sample_contents(contents, found, 60)
    assert len(content) == 60
    assert list(content) == sorted(set(content.tolist()))
    assert set(range(30)) <= set(found.group[content].tolist())
    assert np.array_equal(content, sample_contents(contents, found, 60))


def test_of_more_groups_than_points_the_largest_are_shown() -> None:
    groups = [*range(50), *[3] * 9, *[44] * 5]
    content = sample_contents(*contents_of(groups, [1] * len(groups)), 2)
    assert content.tolist() == [3, 44]


def test_albums_count_as_several_points() -> None:
    contents, found = contents_of([-1] * 100, [10] * 100)
    assert len(sample_contents(contents, found, 60)) == 6


def posts_of(copies: int) -> list[dict[str, object]]:
    """Each text several times with another ending, and once more unchanged."""
    said = [f"{text} {'abcdef'[at] * 3}" for text in TEXTS for at in range(copies)]
    return [{"text": text, "posted_at": f"2020-01-0{1 + at % 9}"} for at, text in enumerate(said)]


def test_the_map_of_a_case_has_every_content_once_with_its_earliest_post(tmp_path: Path) -> None:
    posts = posts_of(4)
    again = [{"text": posts[0]["text"], "posted_at": "2019-01-01", "post_id": "first"}]
    results, run = match_case(make_case(tmp_path, [*posts, *again]))
    assert results.map.schema == MAP
    rows = {row["post_id"]: row for row in results.map.to_pylist()}
    assert set(rows) == {"first", *(f"p{at}" for at in range(1, 12))}
    assert rows["first"]["posts"] == 2
    group_of = {
        m["post_id"]: m["group_id"] for m in results.members.to_pylist() if m["kind"] == "framing"
    }
    assert {key: row["group_id"] for key, row in rows.items()} == {
        key: group_of.get(key) for key in rows
    }
    positions = np.array([[row["x"], row["y"]] for row in results.map.to_pylist()])
    names = [row["group_id"] for row in results.map.to_pylist()]
    assert len(set(names)) == 3
    inside, between = apart(positions, np.unique(names, return_inverse=True)[1])
    assert inside < between / 2
    assert "map" in run.seconds


def test_a_map_made_again_is_the_same(tmp_path: Path) -> None:
    maps = [match_case(make_case(tmp_path / name, posts_of(3)))[0].map for name in "ab"]
    assert maps[0] == maps[1]


def test_similar_pictures_lie_together_without_any_text(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    centers = np.linalg.qr(rng.normal(size=(32, 32)))[0][:2]
    pictures = {
        f"{kind}{at}.jpg": jpeg(photo(10 * kind + at)) for kind in (0, 1) for at in range(5)
    }
    vectors = {}
    for name, data in pictures.items():
        vector = centers[int(name[0])] + rng.normal(0, 0.02, 32)
        vectors[hashlib.sha256(data).hexdigest()] = (vector / np.linalg.norm(vector)).astype("f4")
    posts = [{"media": [name], "post_id": name} for name in pictures]
    case = put_codes(make_case(tmp_path, posts, pictures, signals=("pdq",)), "clip", vectors)
    rows = sorted(match_case(case)[0].map.to_pylist(), key=lambda row: row["post_id"])
    inside, between = apart(np.array([[r["x"], r["y"]] for r in rows]), np.repeat([0, 1], 5))
    assert inside < between / 2


@pytest.mark.parametrize("count", range(4))
def test_a_nearly_empty_case_has_a_map(tmp_path: Path, count: int) -> None:
    posts = [{"text": text} for text in TEXTS[:count]]
    case = make_case(tmp_path, posts) if posts else Case.create(tmp_path / "case")
    results, _ = match_case(case)
    assert results.map.num_rows == count
    assert load_results(case)[0].map == results.map


def test_posts_without_text_and_pictures_are_not_on_the_map(tmp_path: Path) -> None:
    reposts = [{"text": TEXTS[0], "repost_of": "p9"}, {"text": ""}, {"text": TEXTS[0]}]
    results, _ = match_case(make_case(tmp_path, reposts))
    assert [row["post_id"] for row in results.map.to_pylist()] == ["p2"]
    assert results.map["group_id"].to_pylist() == [None]
