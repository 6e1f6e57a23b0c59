import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tipping import WORDS
from trying import examples

from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.index.distinct_codes import Codes
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.matcher.framing.calibration import Background
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.tips.echoes_by_text import MAX_DIFFERENT_VALUES
from frametrace.matcher.tips.nearest_items import nearest_hashes, nearest_keys


@examples(25)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 30), st.integers(0, 40))
def test_each_hash_gets_its_nearest_item(seed, n, m, radius):
    dice = np.random.default_rng(seed)
    centres = dice.integers(0, 256, (3, 32), dtype=np.uint8)

    def near(count):
        flips = np.packbits(dice.random((count, 256)) < dice.choice([0, 0.02, 0.1]), axis=1)
        return centres[dice.integers(0, 3, count)] ^ flips

    codes = Codes.collapse(near(n), dice.integers(0, 256, (n, 32), dtype=np.uint8))
    items = near(m)
    found = nearest_hashes(HammingIndex(codes), items, radius)
    distances = bits_distance(codes.codes, items)
    expected = [
        (
            row,
            int(line.argmin()),
            int(line.min()),
            len({bytes(items[at]) for at in np.flatnonzero(line <= radius)}),
        )
        for row, line in enumerate(distances)
        if m and line.min() <= radius
    ]
    columns = (found.row, found.item, found.value, found.near)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected


@examples(25)
@given(st.integers(0, 2**32), st.integers(0, 30), st.integers(0, 30))
def test_each_caption_key_gets_its_nearest_item_and_none_is_missed(seed, n, m):
    dice = np.random.default_rng(seed)
    centres = dice.integers(0, 9, (2, 64), dtype=np.uint32)

    def near(count):
        keys = centres[dice.integers(0, 2, count)].copy()
        for key in keys:
            change = dice.permutation(64)[: dice.integers(0, 40)]
            key[change] = dice.integers(0, 9, len(change))
        return keys

    keys, items = near(n), near(m)
    found = nearest_keys(keys, items, MAX_DIFFERENT_VALUES)
    differ = (keys[:, None] != items[None]).sum(axis=2)
    expected = [
        (row, int(line.argmin()), int(line.min()))
        for row, line in enumerate(differ)
        if m and line.min() <= MAX_DIFFERENT_VALUES
    ]
    columns = (found.row, found.item, found.value)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected


def test_the_bound_for_captions_is_that_of_framings():
    """Half a standard error above what framings require by the wording of captions alone."""
    rarity = Background(0.03, 0.04).rarity(np.array([1 - MAX_DIFFERENT_VALUES / 64, 0.48]))
    assert rarity[0] >= MatchSettings().min_decades > rarity[1]
    table = CaptionKey().compute([WORDS, WORDS + " yes"])
    keys = np.array(table["code"].to_pylist(), np.uint32)
    assert nearest_keys(keys[:1], keys[1:], MAX_DIFFERENT_VALUES).row.tolist() == [0]
