"""The contract that every registered index keeps: what it finds is what brute force finds."""

import json
from pathlib import Path

import numpy as np
import pytest
from making import index_folder, jpeg, made_codes, photo, put_codes

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.local import Features
from frametrace.embed.signals.thumbnail import Thumbnail, pixels
from frametrace.index.base import CodeIndex, Hits
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.index_store import INDEXES, check_index, has_index, open_index, read_manifest
from frametrace.index.thumbnail_lookup import ThumbnailIndex

_OF_METRIC = {signal.metric: name for name, signal in SIGNALS.items() if has_index(name)}


@pytest.fixture(params=list(INDEXES))
def metric(request: pytest.FixtureRequest) -> Metric:
    return Metric(request.param)


def only(*metrics: Metric) -> pytest.MarkDecorator:
    """For tests of what some kinds of indexes can do."""
    return pytest.mark.parametrize("metric", metrics, indirect=True)


def features(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**63, (40, 2), np.int64).astype(np.uint64)
    place = rng.integers(0, 300, (40, 2)).astype(np.float32)
    angle = rng.integers(0, 360, 40).astype(np.float32)
    return Features(300, 300, place, np.full(40, 4, np.float32), angle, words).first(40)


def thumbnail(seed: int) -> bytes:
    return bytes(Thumbnail().preparer()(decode(jpeg(photo(seed, 64, 48)))))


@pytest.fixture
def case(tmp_path: Path, metric: Metric) -> Case:
    name = _OF_METRIC[metric]
    if metric in (Metric.FEATURES, Metric.PIXELS):
        made = features if metric is Metric.FEATURES else thumbnail
        values = {f"{number:064x}": made(number) for number in range(40)}
    else:
        values = made_codes(name, 40)
    return put_codes(Case.create(tmp_path / "case"), name, values)


def brute_force(signal: str, queries: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(m, n) distances or similarities. Those of MinHash values estimate the signal's own."""
    if SIGNALS[signal].metric is Metric.JACCARD:
        return np.asarray((queries[:, None] == codes[None]).mean(axis=2, dtype=np.float32))
    return SIGNALS[signal].compare(queries, codes)


def triples(hits: Hits) -> dict[tuple[int, int], float]:
    pairs = zip(hits.query.tolist(), hits.row.tolist(), strict=True)
    return dict(zip(pairs, hits.value.tolist(), strict=True))


def test_one_line_registers_each_index(metric: Metric) -> None:
    assert metric in _OF_METRIC


def test_it_is_built_once_and_opened_with_the_same_contents(case: Case, metric: Metric) -> None:
    name = _OF_METRIC[metric]
    built, opened = open_index(case, name), open_index(Case(case.path), name)
    assert type(built) is type(opened) is INDEXES[metric]
    assert built.counts == opened.counts
    manifest = read_manifest(index_folder(case, name))
    assert (manifest.codes, manifest.items) == built.counts
    assert (manifest.technique, manifest.dimension) == (built.technique, built.dimension)
    assert set(manifest.files) == {*built.files}
    assert built.recall == opened.recall == manifest.recall
    assert check_index(case, name) == []


def test_damaged_files_are_found(case: Case, metric: Metric) -> None:
    name = _OF_METRIC[metric]
    open_index(case, name)
    path = index_folder(case, name) / "manifest.json"
    files = json.loads(path.read_text("utf-8"))["files"]
    for file in files:
        (path.parent / file).write_bytes(b"")
    assert len(check_index(case, name)) == len(files)


@only(Metric.HAMMING, Metric.COSINE, Metric.JACCARD)
def test_a_search_gives_what_brute_force_gives(case: Case, metric: Metric) -> None:
    name = _OF_METRIC[metric]
    index = open_index(case, name, CodeIndex)
    codes = np.asarray(index.codes.codes)
    queries = codes[::5]
    between = brute_force(name, queries, codes)
    nearer = np.less_equal if metric is Metric.HAMMING else np.greater_equal
    bound = float(np.sort(between, axis=None)[between.size // 3])
    found = triples(index.search(queries, bound))
    for (query, row), value in found.items():
        assert value == pytest.approx(between[query, row], abs=1e-5)
        assert nearer(value, bound)
    if metric is not Metric.JACCARD:  # bands of MinHash values propose candidates only
        margin = -1e-5 if metric is Metric.HAMMING else 1e-5
        needed = np.argwhere(nearer(between, bound + margin))
        assert {(int(q), int(r)) for q, r in needed} <= set(found)
    nearest = index.search(queries, limit=1)
    assert nearest.query.tolist() == list(range(len(queries)))
    assert np.array_equal(codes[nearest.row], queries)


@only(Metric.HAMMING)
def test_all_pairs_are_those_of_brute_force(case: Case, metric: Metric) -> None:
    index = open_index(case, _OF_METRIC[metric], HammingIndex)
    codes = np.asarray(index.codes.codes)
    between = bits_distance(codes, codes)
    bound = int(np.median(between))
    pairs = triples(Hits.concatenate([*index.pairs_between(codes, bound)], np.int32))
    assert set(pairs) == {(int(a), int(b)) for a, b in np.argwhere(between <= bound)}
    assert all(between[pair] == value for pair, value in pairs.items())


@only(Metric.FEATURES)
def test_a_picture_is_proposed_first_for_its_own_features(case: Case, metric: Metric) -> None:
    index = open_index(case, _OF_METRIC[metric], FeatureIndex)
    for number in (0, 17):
        assert index.shortlist(Features.of(features(number))).row[0] == number


@only(Metric.PIXELS)
def test_each_thumbnail_is_found_by_its_digest(case: Case, metric: Metric) -> None:
    index = open_index(case, _OF_METRIC[metric], ThumbnailIndex)
    shown = index.pixels(f"{17:064x}")
    assert shown is not None
    assert np.array_equal(shown, pixels(thumbnail(17)))
    assert index.pixels(f"{40:064x}") is None
