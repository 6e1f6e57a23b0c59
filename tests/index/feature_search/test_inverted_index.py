"""The inverted index of local features: contents, shortlists, growth and damage."""

import os
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import index_folder, put_codes

from frametrace.case.store import Case
from frametrace.embed.signals import local
from frametrace.embed.signals.local import Features
from frametrace.index.feature_search import inverted_lists
from frametrace.index.feature_search.build_inverted_index import POSE_BITS
from frametrace.index.feature_search.codebook import nearest_centers, train_centers
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.feature_search.inverted_lists import (
    MAX_FEATURE_DISTANCE,
    InvertedLists,
    NearFeatures,
)
from frametrace.index.feature_search.picture_votes import FeatureHits, count_votes
from frametrace.index.index_store import check_index, open_index
from frametrace.index.numba_compile import has_numba
from frametrace.posts.errors import CaseError, IndexMismatch


def code(seed: int, count: int = 60, *, flips: int = 0, like: int | None = None) -> bytes:
    """Features at random; or those of the picture `like` with some bits of each flipped."""
    rng = np.random.default_rng(seed if like is None else like)
    rows = np.zeros(count, local._FEATURE)
    for name, most in (("x", 20_000), ("y", 20_000), ("scale", 100), ("angle", 256)):
        rows[name] = rng.integers(0, most, count)
    bits = rng.integers(0, 2, (count, 128), np.uint8)
    if like is not None:
        rng = np.random.default_rng(seed)
        for row in bits:
            row[rng.choice(128, flips, replace=False)] ^= 1
    rows["bits"] = np.packbits(bits, axis=1)
    return np.array([400, 300], "<u2").tobytes() + rows.tobytes()


def name(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08x}" + "0" * 56


def case_of(path: Path, codes: dict[str, bytes]) -> Case:
    return put_codes(Case.create(path), "local", codes)


def opened(case: Case) -> FeatureIndex:
    index = open_index(case, "local", FeatureIndex)
    return index


def digests_of(index: FeatureIndex) -> list[str]:
    return [index.digest(row) for row in range(len(index))]


def contents(index: FeatureIndex) -> dict[str, set[tuple[bytes, int]]]:
    """What the index holds of each picture: bits, orientation and scale of its features."""
    digests = digests_of(index)
    held = defaultdict(set)
    for words, owner in zip(index.words.T, index.owners.tolist(), strict=True):
        held[digests[owner >> POSE_BITS]].add((words.tobytes(), owner & ((1 << POSE_BITS) - 1)))
    return held


def test_every_feature_lies_in_the_list_of_its_nearest_center(tmp_path: Path) -> None:
    codes = {name(n): code(n) for n in range(40)}
    index = opened(case_of(tmp_path / "case", codes))
    assert digests_of(index) == sorted(codes)
    bits = np.ascontiguousarray(index.words.T).view(np.uint8)
    of = nearest_centers(bits, index.centers, 1)[:, 0]
    np.testing.assert_array_equal(
        of, np.repeat(np.arange(len(index.centers)), np.diff(index.starts))
    )
    held = contents(index)
    for digest, value in codes.items():
        features = Features.of(value)
        assert {words for words, _ in held[digest]} == {w.tobytes() for w in features.words}
        ours = index.features(digests_of(index).index(digest))
        np.testing.assert_array_equal(ours.words, features.words)
    assert check_index(Case(tmp_path / "case"), "local") == []


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_with_the_same_features_is_proposed_first(tmp_path: Path, mirrored: bool) -> None:
    codes = {name(n): code(n) for n in range(60)}
    index = opened(case_of(tmp_path / "case", codes))
    for n in range(0, 60, 7):
        asked = Features.of(code(1000 + n, like=n, flips=9))
        found = index.shortlist(asked.mirrored() if mirrored else asked)
        assert index.digest(found.row[0]) == name(n)
        assert found.mirrored[0] == mirrored
        assert found.votes[0] > 3 * found.votes[1:].max(initial=0)
        assert (np.diff(found.votes) <= 0).all()
        pairs = list(zip(found.row.tolist(), found.mirrored.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)


def test_pictures_are_found_by_their_digests(tmp_path: Path) -> None:
    codes = {name(n): code(n, 3) for n in range(20)}
    index = opened(case_of(tmp_path / "case", codes))
    names = digests_of(index)
    assert names == sorted(codes)
    assert index.numbers([names[17], "f" * 64, names[3], "a" * 64]).tolist() == [3, 17]
    assert index.numbers([]).tolist() == []


def test_only_pictures_among_the_wanted_are_proposed(tmp_path: Path) -> None:
    codes = {name(n): code(n, like=n % 3, flips=6) for n in range(30)}
    index = opened(case_of(tmp_path / "case", codes))
    among = np.zeros(30, bool)
    among[[3, 8, 20]] = True
    asked = Features.of(code(0))
    assert set(index.shortlist(asked, among).row.tolist()) <= {3, 8, 20}
    assert len(index.shortlist(asked, np.zeros(30, bool)).row) == 0
    assert len(index.shortlist(asked, limit=4).row) == 4


def test_what_occurs_everywhere_weighs_next_to_nothing(tmp_path: Path) -> None:
    """100 pictures share 60 features (a logo); one of them also shares 6 others with the asked."""
    logo, own = code(7, 60)[4:], code(8, 6)[4:]
    codes = {name(n): code(n, 40) + logo for n in range(100)}
    codes[name(50)] += own
    index = opened(case_of(tmp_path / "case", codes))
    found = index.shortlist(Features.of(code(999, 40) + logo + own))
    assert index.digest(found.row[0]) == name(50)
    assert found.votes[0] > 1.2 * found.votes[1]


@pytest.mark.parametrize("first", [1, 20, 50])
def test_an_index_that_grew_equals_one_built_at_once(tmp_path: Path, first: int) -> None:
    codes = {name(n): code(n) for n in range(60)}
    some = dict(list(codes.items())[:first])
    case = case_of(tmp_path / "grown", some)
    opened(case)
    rest = {digest: value for digest, value in codes.items() if digest not in some}
    grown = opened(put_codes(case, "local", rest))
    whole = opened(case_of(tmp_path / "whole", codes))
    assert digests_of(grown) == digests_of(whole)
    assert contents(grown) == contents(whole)
    for n in range(0, 60, 11):
        asked = Features.of(code(500, like=n, flips=9))
        assert [i.shortlist(asked).row[0] for i in (grown, whole)] == [
            sorted(codes).index(name(n))
        ] * 2
        row = int(grown.shortlist(asked).row[0])
        np.testing.assert_array_equal(grown.features(row).words, Features.of(codes[name(n)]).words)


def test_centers_are_kept_until_the_case_is_twice_as_large_as_when_they_were_chosen(
    tmp_path: Path,
) -> None:
    case, last, kept = Case.create(tmp_path / "case"), 0, []
    for pictures in (100, 200, 400):
        case = put_codes(case, "local", {name(n): code(n, 3) for n in range(last, pictures)})
        kept.append(opened(case).centers)
        last = pictures
    np.testing.assert_array_equal(kept[0], kept[1])
    assert len(kept[2]) > 2 * len(kept[1])


@pytest.mark.parametrize("codes", [{}, {name(1): code(1, 0)}, {name(1): code(1, 1)}])
def test_cases_with_next_to_no_features_propose_next_to_nothing(tmp_path: Path, codes) -> None:
    index = opened(case_of(tmp_path / "case", codes))
    for asked in (code(1, 0), code(1, 1), code(2, 40)):
        found = index.shortlist(Features.of(asked))
        assert len(found.row) <= 2 * len(codes)
    assert index.measured_recall() == 1


def test_damaged_features_are_reported(tmp_path: Path) -> None:
    case = case_of(tmp_path / "case", {name(1): b"abc"})
    with pytest.raises(CaseError, match="can't be read"):
        open_index(case, "local")
    case = case_of(tmp_path / "other", {name(1): code(1)})
    index = opened(case)
    shard = next((case.path / "signals" / "local").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(CaseError, match=r"restore it from a copy"):
        index.features(0)


@pytest.mark.parametrize("array", ["words", "owners", "starts", "items", "rows", "centers"])
def test_files_of_another_size_are_refused(tmp_path: Path, array: str) -> None:
    case = case_of(tmp_path / "case", {name(n): code(n) for n in range(5)})
    open_index(case, "local")
    path = index_folder(case, "local") / f"{array}.npy"
    np.save(path, np.load(path)[..., :1])
    assert len(check_index(case, "local")) == 1
    with pytest.raises(IndexMismatch, match="delete it, it will be rebuilt"):
        open_index(case, "local")


@pytest.mark.parametrize("array", ["owners", "starts", "rows"])
def test_numbers_outside_the_index_are_reported_as_damage(tmp_path: Path, array: str) -> None:
    case = case_of(tmp_path / "case", {name(n): code(n) for n in range(5)})
    open_index(case, "local")
    path = index_folder(case, "local") / f"{array}.npy"
    numbers = np.load(path)
    numbers[:-1] = np.iinfo(np.uint32).max
    np.save(path, numbers)
    with pytest.raises(IndexMismatch, match="damaged") as refused:
        opened(case).shortlist(Features.of(code(1)))
        opened(case).features(0)
    assert "it will be rebuilt" in str(refused.value)


def test_a_full_disk_is_reported_before_anything_is_mapped(tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "posix_fallocate", full)
    case = case_of(tmp_path / "case", {name(n): code(n) for n in range(5)})
    with pytest.raises(CaseError, match=r"No space left on device\. Make room"):
        open_index(case, "local")
    monkeypatch.undo()
    assert len(opened(case)) == 5


@given(st.data())
def test_votes_equal_those_counted_one_by_one(data: st.DataObject) -> None:
    count, pictures = data.draw(st.integers(0, 60)), data.draw(st.sampled_from([3, 40]))
    most = data.draw(st.sampled_from([1, 2, 100]))

    def drawn(least: int, most: int) -> np.ndarray:
        values = data.draw(st.lists(st.integers(least, most), min_size=count, max_size=count))
        return np.array(values, np.int64)

    feature, picture, distance = drawn(0, 3), drawn(0, pictures - 1), drawn(0, 20).astype(np.uint8)
    rotation, scale = drawn(-255, 255), drawn(-60, 60)
    near = np.array(
        [np.cumsum(np.bincount(distance[feature == f], minlength=128)) for f in range(4)]
    )
    expected = np.zeros(pictures)
    for shift_turn in (0, 16):
        for shift_scale in (0, 8):
            bins = defaultdict(dict)
            for f, p, d, t, s in zip(feature, picture, distance, rotation, scale, strict=True):
                place = (t + shift_turn) % 256 // 32, (s - scale.min() + shift_scale) // 16
                said = np.log1p(5 / near[f, d])
                bins[p, place][f] = max(bins[p, place].get(f, 0), said)
            for (p, _), votes in bins.items():
                expected[p] = max(expected[p], sum(votes.values()))
    votes = count_votes(
        FeatureHits(feature, picture, distance, rotation, scale, near), pictures, 5, most
    )
    counted = (votes > 0) | (expected >= np.sort(expected)[-min(most, pictures)])
    np.testing.assert_allclose(votes[counted], expected[counted], rtol=1e-5)
    assert (votes[~counted] == 0).all()


@given(st.data())
def test_a_scan_finds_what_is_near_in_its_lists(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    sizes = data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=5))
    starts = np.append(0, np.cumsum(sizes))
    asked = rng.integers(0, 2**64, (data.draw(st.integers(1, 4)), 2), np.uint64)
    held = asked[rng.integers(0, len(asked), starts[-1])].T.copy()
    for _ in range(data.draw(st.integers(0, 50))):
        held[rng.integers(0, 2)] ^= np.uint64(1) << rng.integers(0, 64, starts[-1], np.uint64)
    owners = rng.integers(0, 6, starts[-1], np.uint32) << np.uint32(POSE_BITS)
    lists = np.stack([rng.permutation(len(sizes))[:3] for _ in asked])
    among = data.draw(st.sampled_from([None, rng.random(6) < 0.5]))
    most = data.draw(st.integers(1, 8))
    expected, within = [], []
    for at, (words, some) in enumerate(zip(asked, lists, strict=True)):
        near = []
        for one in some:
            for place in range(starts[one], starts[one + 1]):
                bits = int(np.bitwise_count(held[:, place] ^ words).sum())
                if bits <= MAX_FEATURE_DISTANCE and (
                    among is None or among[owners[place] >> POSE_BITS]
                ):
                    near.append((at, bits, int(owners[place])))
        within.append(
            [min(sum(n[1] <= d for n in near), most + 1) for d in range(MAX_FEATURE_DISTANCE + 1)]
        )
        radius = max(
            (d for d in range(MAX_FEATURE_DISTANCE + 1) if within[-1][d] <= most), default=-1
        )
        expected += sorted(n for n in near if n[1] <= radius)
    held_lists = InvertedLists(starts, held, owners, POSE_BITS)
    found = held_lists.near(asked, lists, among, most, compiled=False)
    columns = found.feature.tolist(), found.distance.tolist(), found.owner.tolist()
    assert sorted(zip(*columns, strict=True)) == expected
    assert found.within.tolist() == within
    if has_numba():
        compiled = held_lists.near(asked, lists, among, most, compiled=True)
        for field in fields(NearFeatures):
            ours, plain = getattr(compiled, field.name), getattr(found, field.name)
            assert ours.dtype == plain.dtype
            np.testing.assert_array_equal(ours, plain)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_owner_outside_the_index_is_noticed(compiled: bool) -> None:
    if compiled and not has_numba():
        pytest.skip("numba is not installed")
    words = np.zeros((1, 2), np.uint64)
    owners = np.array([7 << POSE_BITS], np.uint32)
    lists = InvertedLists(np.array([0, 1]), words.T.copy(), owners, POSE_BITS)
    with pytest.raises(IndexError):
        lists.near(words, np.array([[0]]), np.ones(7, bool), 5, compiled)


@pytest.mark.skipif(not has_numba(), reason="numba is not installed")
def test_loops_are_compiled_once_plain_scans_took_as_long(monkeypatch) -> None:
    monkeypatch.setattr(inverted_lists, "_MIN_COMPILED", 25)
    monkeypatch.setattr(inverted_lists._PlainScans, "features", 0)
    are_dearer = inverted_lists._PlainScans.are_dearer_than_compiling
    assert [are_dearer(10) for _ in range(4)] == [False, False, True, True]
    assert are_dearer(1) is False


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 9))
def test_nearest_centers_are_those_of_all_distances(seed: int, n: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (n, 16), np.uint8)
    centers = train_centers(codes, count)
    assert len(centers) <= max(count, 1)
    np.testing.assert_array_equal(centers, train_centers(codes, count))
    most = min(3, len(centers))
    found = nearest_centers(codes, centers, most)
    distances = np.bitwise_count(codes[:, None] ^ centers).sum(axis=2)
    ours = np.take_along_axis(distances, found, axis=1)
    np.testing.assert_array_equal(ours, np.sort(distances, axis=1)[:, :most])
