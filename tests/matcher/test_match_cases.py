import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from making import make_case, put_codes
from trying import examples

from frametrace.embed.signals.base import bits_distance
from frametrace.matcher.between_cases.reuse import REUSES
from frametrace.matcher.match_cases import match_cases
from frametrace.matcher.match_settings import MatchSettings
from frametrace.posts.errors import CaseError, IndexMismatch
from frametrace.work.executor import InProcess


def case_of(folder, codes, tag=b""):
    """One post per code; its picture's bytes are its number, so that cases can share some.

    Each case is of a platform of its own.
    """
    contents = {f"{at}.jpg": tag + bytes([at]) for at in range(len(codes))}
    posts = [
        {"platform": folder.name, "post_id": name, "account_id": "a", "media": [name]}
        for name in contents
    ]
    case = make_case(folder, posts, contents, signals=())
    digests = [hashlib.sha256(content).hexdigest() for content in contents.values()]
    return put_codes(case, "pdq", dict(zip(digests, codes, strict=True))), digests


def reuses(a, b, max_pdq=31):
    settings = MatchSettings(max_pdq=max_pdq)
    with TemporaryDirectory() as folder:
        return match_cases([a, b], Path(folder), settings, executor=InProcess()).reuses


def near(seed, count):
    """Codes around three centres, some equal, some exactly at the bound or one bit past it."""
    dice = np.random.default_rng(seed)
    centres = np.random.default_rng(7).integers(0, 256, (3, 32), dtype=np.uint8)
    codes = []
    for at in range(count):
        flips = np.zeros(256, np.uint8)
        flips[dice.permutation(256)[: dice.choice([0, 0, 10, 15, 16, 31, 32, 60])]] = 1
        codes.append(centres[at % 3] ^ np.packbits(flips))
    return np.array(codes)


@examples(6, [HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 12))
def test_each_post_of_b_is_told_of_its_nearest_picture_of_a(tmp_path_factory, seed, n_a, n_b):
    folder = tmp_path_factory.mktemp("cross")
    codes_a, codes_b = near(seed, n_a), near(seed + 1, n_b)
    a, digests_a = case_of(folder / "a", codes_a, b"a")
    b, digests_b = case_of(folder / "b", codes_b, b"b")
    distances = bits_distance(codes_b, codes_a)
    expected = {}
    for at, row in enumerate(distances):
        if row.min() <= 31:
            code = min(codes_a[row == row.min()].tolist())
            holders = [d for d, c in zip(digests_a, codes_a.tolist(), strict=True) if c == code]
            expected[f"{at}.jpg"] = (min(holders), int(row.min()))
    found = reuses(a, b)
    assert found.schema == REUSES
    direct = [row for row in found.to_pylist() if row["via_sha256"] is None]
    assert {r["post_id"]: (r["sha256_a"], r["distance"]) for r in direct} == expected
    codes = dict(zip([*digests_a, *digests_b], [*codes_a, *codes_b], strict=True))
    for row in found.to_pylist():  # what is tied through a third picture is near that one
        if row["via_sha256"] is None:
            continue
        via, picture = (codes[row[name]][None] for name in ("via_sha256", "sha256_b"))
        assert bits_distance(via, picture)[0, 0] == row["distance"] <= 31


def test_the_same_file_is_found_whatever_its_hash_is(tmp_path):
    codes = near(1, 2)
    a, digests = case_of(tmp_path / "a", codes)
    b, _ = case_of(tmp_path / "b", ~codes)
    found = reuses(a, b).to_pylist()
    assert [(r["sha256_a"], r["signal"], r["distance"]) for r in found] == [
        (digest, "sha256", 0) for digest in sorted(digests)
    ]


def test_a_smaller_bound_finds_less(tmp_path):
    codes = near(3, 12)
    a, _ = case_of(tmp_path / "a", codes[:6], b"a")
    b, _ = case_of(tmp_path / "b", codes[6:], b"b")
    found = {bound: reuses(a, b, bound).num_rows for bound in (0, 31, 255)}
    assert found[0] <= found[31] <= found[255] == 6


def test_hashes_made_in_two_ways_are_never_compared(tmp_path):
    a, _ = case_of(tmp_path / "a", near(1, 1))
    b = make_case(tmp_path / "b", [{"text": "words"}], signals=())
    with pytest.raises(CaseError, match="frametrace embed"):
        reuses(a, b)
    b = put_codes(b, "pdq", {"0" * 64: near(1, 1)[0]}, fingerprint="another:1")
    with pytest.raises(IndexMismatch, match="another:1"):
        reuses(a, b)
