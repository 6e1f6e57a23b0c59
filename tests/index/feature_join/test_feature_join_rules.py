"""The parts of the feature join, each tested against a plain rule: keys, tables, votes, scores."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import made_features
from trying import examples

from frametrace.embed.signals.local import Features
from frametrace.index.feature_join import feature_votes, geometric_consistency, lsh_tables
from frametrace.index.feature_join.geometric_consistency import (
    PIXELS_PER_STEP,
    Positions,
    pack_positions,
)
from frametrace.index.feature_join.join_folder import PICTURE_DTYPE
from frametrace.index.feature_join.lsh_keys import (
    MAX_JOINED_PICTURES,
    MIRROR_WEIGHTS,
    PART_BITS,
    TABLE_BITS,
    Records,
    canonical_records,
    key_bits,
    owner_numbers,
    part_numbers,
    table_masks,
)
from frametrace.index.feature_join.lsh_tables import PairCriteria, RecordPairs, pairs_by_table
from frametrace.index.numba_compile import has_numba

numba = pytest.mark.skipif(not has_numba(), reason="needs the extra `fast`")
PATHS = [False, pytest.param(True, marks=numba)]
HEAD = np.array([400, 300], "<u2").tobytes()


def words(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 2**64, (count, 2), np.uint64)


def flipped(base: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    turned = np.packbits(rng.random((len(base), 128)) < share, axis=1)
    return base ^ np.ascontiguousarray(turned).view(np.uint64)


def test_the_weights_are_antisymmetric_and_masks_have_each_bit_once() -> None:
    ones = Features.of(HEAD + made_features(1).tobytes())
    lean = np.array(MIRROR_WEIGHTS)
    sums = [
        np.unpackbits(each.words.view(np.uint8), axis=1).astype(int) @ lean
        for each in (ones, ones.mirrored())
    ]
    np.testing.assert_array_equal(sums[0], -sums[1])
    for row in TABLE_BITS:
        assert len({*PART_BITS, *row}) == len(PART_BITS) + len(row)
    assert len({len(row) for row in TABLE_BITS}) == 1


def test_keys_grow_with_the_pictures_and_begin_alike() -> None:
    bits = [key_bits(n) for n in (1, 2**16, 2**17, 2**20, MAX_JOINED_PICTURES)]
    assert bits == sorted(bits)
    short, long = table_masks(bits[0]), table_masks(bits[-1])
    assert ((short & long) == short).all()


@pytest.mark.parametrize("compiled", PATHS)
def test_records_of_a_mirror_image_are_the_same(compiled: bool) -> None:
    seen = Features.of(HEAD + made_features(5, 300).tobytes())
    made = [
        canonical_records(each.words, owner_numbers(np.array([300]), 3), compiled=compiled)
        for each in (seen, seen.mirrored())
    ]
    lists = [
        {(tuple(pair), owner >> 1 & 511) for pair, owner in zip(*columns, strict=True)}
        for columns in ((each.words.tolist(), each.owners.tolist()) for each in made)
    ]
    assert lists[0] == lists[1]
    assert 300 <= len(made[0]) <= 600
    assert {owner >> 10 for owner in made[0].owners.tolist()} == {3}
    assert part_numbers(made[0].words).max() < 256


@numba
@given(st.integers(0, 2**32 - 1), st.integers(0, 50))
def test_both_paths_make_the_same_records(seed: int, count: int) -> None:
    features = words(np.random.default_rng(seed), count)
    owners = owner_numbers(np.array([count]), 7)
    plain, compiled = (canonical_records(features, owners, compiled=how) for how in (False, True))
    np.testing.assert_array_equal(plain.words, compiled.words)
    np.testing.assert_array_equal(plain.owners, compiled.owners)


@st.composite
def parts(draw: st.DrawFn) -> tuple[Records, int, np.ndarray]:
    """Records of one part, near each other or not; the first new one; masks of few bits."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, centers = draw(st.integers(0, 60)), draw(st.integers(1, 6))
    share = draw(st.sampled_from([0.0, 0.02, 0.04, 0.3]))
    made = flipped(words(rng, centers)[rng.integers(0, centers, count)], share, rng)
    owners = np.sort(rng.integers(0, draw(st.integers(1, 30)) << 10, count)).astype(np.uint32)
    first_new = draw(st.integers(0, count))
    return Records(made, owners), first_new, table_masks(draw(st.integers(1, 20)))


def by_rule(records: Records, first_new: int, near: PairCriteria) -> list[set[tuple[int, ...]]]:
    """What the docstring of `lsh_tables` says, record by record."""
    found: list[set[tuple[int, ...]]] = []
    for table, mask in enumerate(near.masks):
        hashes = lsh_tables.key_hashes(records.words, mask, compiled=False)
        found.append(set())
        for value in set(hashes.tolist()):
            bucket = np.flatnonzero(hashes == value).tolist()
            crowded = len(bucket) > near.max_bucket
            for at, i in enumerate(bucket):
                for j in bucket[at + 1 : at + 1 + near.reach] if crowded else bucket[at + 1 :]:
                    different = records.words[i] ^ records.words[j]
                    agreed = [not (different & one).any() for one in near.masks[: table + 1]]
                    if (
                        j >= first_new
                        and np.bitwise_count(different).sum() <= near.radius
                        and records.owners[i] >> 10 != records.owners[j] >> 10
                        and agreed[table]
                        and not any(agreed[:table])
                    ):
                        found[table].add((i, j, len(bucket) if crowded else 1))
    return found


def tables_of(
    records: Records, first_new: int, near: PairCriteria, *, compiled: bool
) -> list[RecordPairs]:
    """The pairs of each table, after a look at how they were counted."""
    counts = np.zeros(len(records), np.uint32)
    found = list(pairs_by_table(records, first_new, near, counts, compiled=compiled))
    ends = [side for each in found for side in (each.first, each.second)]
    rows = np.concatenate(ends) if ends else np.zeros(0, np.uint32)
    np.testing.assert_array_equal(counts, np.bincount(rows, minlength=len(records)))
    return found


def listed(pairs: RecordPairs) -> list[tuple[int, ...]]:
    columns = (pairs.first, pairs.second, pairs.bucket_size)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("compiled", PATHS)
@examples(60)
@given(drawn=parts())
def test_pairs_are_those_of_the_rule(
    drawn: tuple[Records, int, np.ndarray], compiled: bool
) -> None:
    records, first_new, masks = drawn
    for bucket_size, reach in ((64, 8), (5, 2)):
        near = PairCriteria(masks, 10, bucket_size, reach)
        found = [listed(each) for each in tables_of(records, first_new, near, compiled=compiled)]
        expected = [sorted(each) for each in by_rule(records, first_new, near)]
        assert [each for each in found if each] == [each for each in expected if each]


@numba
def test_both_paths_agree_on_large_buckets_that_are_spread() -> None:
    rng = np.random.default_rng(4)
    centers = words(rng, 40)
    made = flipped(centers[rng.integers(0, 40, 6_000) // 2], 0.03, rng)
    made[::2] = words(rng, 3_000)
    records = Records(made, np.arange(6_000, dtype=np.uint32) << 10)
    near = PairCriteria(table_masks(24), 10, 64, 8)
    for first_new in (0, 5_000):
        plain, compiled = (
            [listed(each) for each in tables_of(records, first_new, near, compiled=how)]
            for how in (False, True)
        )
        assert plain == compiled
        assert any(bucket_size > 1 for each in plain for *_, bucket_size in each)


@pytest.mark.parametrize("compiled", PATHS)
def test_a_vote_can_be_taken_apart_again(compiled: bool) -> None:
    owners = np.array(
        [(MAX_JOINED_PICTURES - 1) << 10 | 299 << 1, 5 << 10 | 17 << 1 | 1], np.uint32
    )
    pairs = RecordPairs(
        np.array([0], np.uint32), np.array([1], np.uint32), np.array([200], np.uint16)
    )
    records, counts = Records(np.zeros((2, 2), np.uint64), owners), np.array([3, 1], np.uint32)
    made, ranges = feature_votes.make_votes(records, pairs, counts, compiled=compiled)
    (vote,) = made.tolist()
    assert ranges.tolist() == [0]
    assert vote & 31 == feature_votes.commonness(np.array([200])).item() == 15
    assert (vote >> 5 & 511, vote >> 14 & 511, vote >> 23 & 1) == (299, 17, 1)
    assert (vote >> 24 & 2**22 - 1, vote >> 46) == (MAX_JOINED_PICTURES - 1, 5)


def test_rare_features_weigh_more() -> None:
    by_count = feature_votes.vote_weights(1 << 20)
    assert by_count.tolist() == sorted(by_count.tolist(), reverse=True)
    assert round(by_count[0] / 16) == 20
    assert by_count[-1] > 0


@st.composite
def ballots(draw: st.DrawFn) -> tuple[np.ndarray, Positions]:
    """Sorted votes of few pictures, and places in which some agree."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, each = draw(st.integers(2, 6)), draw(st.integers(1, 90))
    rows = np.concatenate([made_features(int(rng.integers(0, 2)), each) for _ in range(count)])
    rows["x"] += rng.integers(0, 300, len(rows)).astype(np.uint16)
    known = np.zeros(count, PICTURE_DTYPE)
    known["features"], known["width"] = each, 400
    places = Positions.of(
        known,
        pack_positions(
            [Features.of(HEAD + rows.tobytes())][:0]
            or [
                Features.of(HEAD + rows[at * each : (at + 1) * each].tobytes())
                for at in range(count)
            ]
        ),
    )
    size = draw(st.integers(0, 400))
    a, b = np.sort(rng.integers(0, count, (2, size)), axis=0).astype(np.uint64)
    slots = rng.integers(0, each, (2, size)).astype(np.uint64)
    slots[1] = np.where(rng.random(size) < 0.6, slots[0], slots[1])
    made = a << np.uint64(22) | b
    made = made << np.uint64(1) | rng.integers(0, 2, size).astype(np.uint64)
    made = (made << np.uint64(9) | slots[0]) << np.uint64(9) | slots[1]
    made = made << np.uint64(5) | rng.integers(0, 32, size).astype(np.uint64)
    return np.sort(made[a < b]), places


def counted(
    drawn: tuple[np.ndarray, Positions], weights: np.ndarray
) -> dict[tuple[int, ...], tuple[float, int]]:
    """The score of each pair of pictures, vote by vote."""
    made, places = drawn
    last = {vote >> 5: vote & 31 for vote in made.tolist()}
    pairs: dict[int, list[tuple[int, int]]] = {}
    for features, common in sorted(last.items()):
        pairs.setdefault(features >> 18, []).append((features, common))
    found = {}
    for pair, members in pairs.items():
        a, b, mirrored = pair >> 23, pair >> 1 & 2**22 - 1, pair & 1
        moves = []
        for features, common in members[: geometric_consistency.BOUNDS.votes]:
            ours = int(places.packed[places.starts[a] + (features >> 9 & 511)])
            theirs = int(places.packed[places.starts[b] + (features & 511)])
            x, angle = ours >> 24, ours & 255
            if mirrored:
                x, angle = places.widths[a] - x, 128 - angle
            turn = 2 * np.pi * ((theirs & 255) - angle) / 256
            moves.append(
                (
                    complex(x, ours >> 16 & 255),
                    complex(theirs >> 24, theirs >> 16 & 255),
                    np.exp(1j * turn),
                    ((theirs >> 8 & 255) - (ours >> 8 & 255)) / 16,
                    features >> 9 & 511,
                    int(weights[common]),
                )
            )
        best = (0.0, 0)
        for p in moves:
            slots, score = {p[4]}, p[5]
            for q in moves:
                za, zb = q[0] - p[0], q[1] - p[1]
                near = (
                    geometric_consistency.BOUNDS.max_offset
                    + geometric_consistency.BOUNDS.offset_share * abs(zb)
                )
                if (
                    q is not p
                    and q[4] not in slots
                    and abs(q[3] - p[3]) < 0.8
                    and (p[2] * q[2].conjugate()).real >= geometric_consistency.BOUNDS.cosine
                    and min(abs(za), abs(zb)) >= 3 / PIXELS_PER_STEP
                    and abs(2 ** p[3] * p[2] * za - zb) < near
                ):
                    slots.add(q[4])
                    score += q[5]
            best = max(best, (score / 16, len(slots)), key=lambda pair: pair[0])
        if best[0] >= geometric_consistency.MIN_SCORE and best[1] > 1:
            found[a, b, mirrored] = best
    return found


@pytest.mark.parametrize("compiled", PATHS)
@examples(60)
@given(drawn=ballots())
def test_scores_are_those_of_the_rule(drawn: tuple[np.ndarray, Positions], compiled: bool) -> None:
    weights = feature_votes.vote_weights(1 << 16)
    with patch.object(geometric_consistency, "_BLOCK", 500):
        found = geometric_consistency.score_pairs(
            *drawn[:1], 0, drawn[1], weights, compiled=compiled
        )
    expected = counted(drawn, weights)
    pairs = list(zip(found.a.tolist(), found.b.tolist(), found.mirrored.tolist(), strict=True))
    assert pairs == sorted(expected)
    for pair, score in zip(pairs, found.score.tolist(), strict=True):
        assert score == pytest.approx(expected[pair][0], abs=1e-3)


@numba
@given(ballots())
def test_both_paths_score_the_same(drawn: tuple[np.ndarray, Positions]) -> None:
    weights = feature_votes.vote_weights(1 << 16)
    plain, compiled = (
        geometric_consistency.score_pairs(drawn[0], 0, drawn[1], weights, compiled=how)
        for how in (False, True)
    )
    for column in ("a", "b", "mirrored", "votes", "score"):
        np.testing.assert_array_equal(getattr(plain, column), getattr(compiled, column))
