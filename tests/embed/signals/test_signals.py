"""The contract that every registered signal keeps."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from making import jpeg, lettered, photo, png

from frametrace.embed.decoding.decode import decode
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.signals import SIGNALS, CaptionSignal, Metric, PictureSignal, Signal
from frametrace.index.index_store import INDEXES
from frametrace.work.process_pool import ProcessPool

TEXTS = [
    "The protesters destroyed the station last night, and nobody stopped them.",
    "暴徒昨晚破坏了地铁站，没有人阻止他们，大家都看到了。",
    "",
    "A blonde woman waits for her ride in a blue shirt.",
    "🙂🙂",
    "The protesters destroyed the station last night and nobody stopped them",
    "https://example.org/a @somebody",
]
PICTURES = [decode(jpeg(photo(seed, 160 + 8 * seed, 120))) for seed in range(5)]
PICTURES += [decode(jpeg(lettered(photo(5), text))) for text in ("Who pays", "Nobody pays", "Who")]
KINDS = {Metric.HAMMING: pa.uint8(), Metric.COSINE: pa.float32(), Metric.JACCARD: pa.uint32()}


PACKAGES = {
    "clip": "open_clip",
    "caption": "sentence_transformers",
    "overlay": "rapidocr",
    "copy": "onnxruntime",
}


def opened(name: str, request: pytest.FixtureRequest) -> Signal:
    if SIGNALS[name].needs_model:
        pytest.importorskip(PACKAGES[name])
    made = {"clip": ("clip_weights", "clip_folder"), "copy": ("copy_model", "copy_model")}
    if name not in made:
        return SIGNALS[name].open(ModelChoice())
    option, fixture = made[name]
    return SIGNALS[name].open(ModelChoice({option: str(request.getfixturevalue(fixture))}))


def of_kind(kind: type[Signal]) -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.models if signal.needs_model else ())
        for name, signal in SIGNALS.items()
        if issubclass(signal, kind)
    ]


@pytest.fixture(params=of_kind(Signal), scope="module")
def signal(request: pytest.FixtureRequest) -> Iterator[Signal]:
    found = opened(request.param, request)
    yield found
    found.close()


of_captions = pytest.mark.parametrize("signal", of_kind(CaptionSignal), indirect=True)
of_pictures = pytest.mark.parametrize("signal", of_kind(PictureSignal), indirect=True)


def computed(signal: Signal, parts: list[slice]) -> pa.Table:
    """The values of all texts or pictures, computed in parts."""
    if isinstance(signal, CaptionSignal):
        return pa.concat_tables([signal.compute(TEXTS[part]) for part in parts])
    assert isinstance(signal, PictureSignal)
    prepare = signal.preparer()
    return pa.concat_tables([signal.finish([prepare(p) for p in PICTURES[part]]) for part in parts])


def codes_of(signal: Signal, table: pa.Table) -> np.ndarray:
    """(n, k) values of the rows that have one."""
    known = table[signal.column].combine_chunks().drop_null()
    if pa.types.is_binary(known.type) or pa.types.is_string(known.type):
        return np.array(known.to_pylist(), object)
    if pa.types.is_fixed_size_binary(known.type):
        return np.array([list(value) for value in known.to_pylist()], np.uint8)
    return np.array(known.to_pylist())


WHOLE = [slice(0, None)]


def test_its_name_is_the_registered_one_and_can_name_a_table(signal: Signal) -> None:
    assert SIGNALS[signal.name] is type(signal)
    assert signal.name.isidentifier()
    assert signal.metric in Metric


def as_values(signal: Signal, value: object) -> np.ndarray:
    """One value in the form that `compare` takes."""
    if signal.metric is Metric.HAMMING:
        assert isinstance(value, bytes)
        return np.frombuffer(value, np.uint8)[None]
    if signal.metric is Metric.COSINE:
        return np.array([value], np.float32)
    return np.array([value], object)


def test_its_examples_are_what_it_compares_them_to(signal: Signal) -> None:
    assert signal.examples()
    for example in signal.examples():
        a, b = (as_values(signal, value) for value in (example.a, example.b))
        assert signal.compare(a, b)[0, 0] == pytest.approx(example.value, abs=0.01)


def test_it_declares_what_the_other_stages_need(signal: Signal) -> None:
    assert signal.sees
    assert signal.metric is Metric.TEXT or signal.metric in INDEXES
    assert (signal.bits > 0) == (signal.metric is Metric.HAMMING)
    assert signal.bound is None or signal.bound.source
    assert signal.bound is not None or signal.metric in (Metric.FEATURES, Metric.PIXELS)
    assert set(signal.companions) <= set(SIGNALS)
    assert signal.needs_model or not signal.model_options
    for member in ("open", "locate"):  # those of a signal without a model are the contract's
        assert (member in vars(type(signal))) == signal.needs_model
    row = {"distance": 3 if signal.bits else None, "similarity": 0.9, "inliers": 12}
    assert signal.explain(row)
    assert signal.summarize(row).startswith(signal.name)
    recorded = {option.recorded_as: option.name for option in signal.model_options}
    chosen = signal.choice_of(recorded)
    assert chosen.options == {option.name: option.name for option in signal.model_options}


def test_values_below_its_quality_are_not_usable(signal: Signal) -> None:
    table = computed(signal, WHOLE)
    usable = signal.usable(table).to_pylist()
    expected = table[signal.column].is_valid().to_pylist()
    if signal.min_quality:
        assert signal.unusable
        quality = np.array(table["quality"].to_pylist())
        expected = (np.array(expected) & (quality >= signal.min_quality)).tolist()
    assert usable == expected


def test_it_records_what_makes_its_values(signal: Signal, request: pytest.FixtureRequest) -> None:
    made_by = signal.made_by
    assert made_by["fingerprint"].count(":") >= 1
    assert all(isinstance(value, str) for pair in made_by.items() for value in pair)
    assert opened(signal.name, request).made_by == made_by


def test_its_values_have_the_stated_type(signal: Signal) -> None:
    table = computed(signal, WHOLE)
    kind = table.schema.field(signal.column).type
    values = codes_of(signal, table)
    if signal.metric is Metric.HAMMING:
        assert pa.types.is_fixed_size_binary(kind)
    elif signal.metric in (Metric.FEATURES, Metric.PIXELS):
        assert pa.types.is_binary(kind)
    elif signal.metric is Metric.TEXT:
        assert pa.types.is_string(kind)
    else:
        assert pa.types.is_fixed_size_list(kind)
        assert kind.value_type == KINDS[signal.metric]
    if signal.metric is Metric.COSINE:
        np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-5)


def test_values_do_not_depend_on_how_the_input_is_split(signal: Signal) -> None:
    whole = computed(signal, WHOLE)
    for parts in (WHOLE, [slice(0, 1), slice(1, 4), slice(4, None)]):
        again = computed(signal, parts)
        assert again.schema == whole.schema
        assert again[signal.column].is_null().equals(whole[signal.column].is_null())
        if signal.metric is Metric.COSINE:
            np.testing.assert_allclose(codes_of(signal, again), codes_of(signal, whole), atol=1e-5)
        else:
            assert again.equals(whole)


def test_comparing_is_symmetric_and_finds_everything_like_itself(signal: Signal) -> None:
    table = computed(signal, WHOLE)
    # Keys are compared themselves; their hashes only propose candidates.
    values = codes_of(signal, table)
    if signal.metric is Metric.JACCARD:
        values = np.array(table["key"].drop_null().to_pylist())
    assert len(values) > 2
    between = signal.compare(values, values)
    assert between.shape == (len(values), len(values))
    np.testing.assert_allclose(between, between.T, atol=1e-6)
    same = 0 if signal.metric is Metric.HAMMING else 1
    np.testing.assert_allclose(np.diag(between), same, atol=1e-5)
    assert (np.abs(between - same) > 1e-3).any()
    assert signal.compare(values[:2], values[:3]).shape == (2, 3)


@of_captions
def test_a_caption_without_words_has_no_value(signal: CaptionSignal) -> None:
    table = signal.compute(TEXTS)
    null = table["code"].is_null().to_pylist()
    assert null[2]
    assert null[4]
    assert not null[0]
    assert all(table[name].is_null().to_pylist() == null for name in table.column_names)


@of_captions
def test_no_captions_make_no_rows(signal: CaptionSignal) -> None:
    assert signal.compute([]).schema == signal.compute(TEXTS).schema
    assert signal.compute([]).num_rows == 0


@of_captions
def test_without_a_model_it_can_be_sent_to_workers(
    signal: CaptionSignal, pool: ProcessPool
) -> None:
    if signal.needs_model:
        pytest.skip("its model stays in this process")
    (theirs,) = pool.map(signal.compute, [TEXTS])
    assert theirs.equals(signal.compute(TEXTS))


@of_pictures
@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (5, 5), (600, 20_000)])
def test_tiny_and_elongated_pictures_have_a_value(
    signal: PictureSignal, size: tuple[int, int]
) -> None:
    table = signal.finish([signal.preparer()(decode(png(size)))])
    if signal.metric is Metric.TEXT:  # there is no text in them, which is recorded
        assert table.to_pylist() == [{"text": None, "text_sha256": None, "lines": []}]
        return
    assert table[signal.column].null_count == 0
    if signal.metric not in (Metric.FEATURES, Metric.PIXELS):
        assert np.isfinite(codes_of(signal, table)).all()


@of_pictures
def test_what_workers_do_can_be_sent_to_them(signal: PictureSignal, pool: ProcessPool) -> None:
    (theirs,) = pool.map(signal.preparer(), PICTURES[:1])
    ours = signal.preparer()(PICTURES[0])
    assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs
