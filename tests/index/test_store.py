"""Indexes on disk: the contract that every kind keeps, and what happens when things go wrong."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from making import put_codes

from frametrace.embed.case import Case
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.index.binary import BinaryIndex
from frametrace.index.dense import DenseIndex
from frametrace.index.minhash import MinHashIndex
from frametrace.index.store import Index, check_index, open_index
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError

_WIDTH = {"pdq": 32, "phash": 8, "clip": 16, "caption": 16, "caption_key": 64}
_KIND = {Metric.HAMMING: np.uint8, Metric.COSINE: np.float32, Metric.JACCARD: np.uint32}


def name(at: int) -> str:
    return hashlib.sha256(str(at).encode()).hexdigest()


def made_codes(signal: str, count: int, seed: int = 0) -> dict[str, np.ndarray | None]:
    """Codes of `count` items; the second is equal to the first, the third has no value."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (count, _WIDTH[signal])).astype(_KIND[SIGNALS[signal].metric])
    if SIGNALS[signal].metric is Metric.COSINE:
        codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    codes[1] = codes[0]
    return {name(at): None if at == 2 else code for at, code in enumerate(codes)}


@pytest.fixture(params=list(SIGNALS))
def signal(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(tmp_path: Path, signal: str) -> Case:
    return put_codes(Case.create(tmp_path / "case"), signal, made_codes(signal, 40))


def folder_of(case: Case, signal: str) -> Path:
    """The one index of a signal that lies on disk."""
    (folder,) = (path for path in (case.path / "index" / signal).iterdir() if path.is_dir())
    return folder


def held(index: Index) -> Mapping[bytes, list[str]]:
    return {code.tobytes(): index.codes.items_of(at) for at, code in enumerate(index.codes.codes)}


def test_an_index_is_built_where_it_is_missing_and_holds_every_value(
    case: Case, signal: str
) -> None:
    index = open_index(case, signal)
    expected: dict[bytes, list[str]] = {}
    for item, code in sorted(made_codes(signal, 40).items()):
        if code is not None:
            expected.setdefault(code.tobytes(), []).append(item)
    assert held(index) == expected

    folder = folder_of(case, signal)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    files = manifest.pop("files")
    assert manifest == {
        "signal": signal,
        "fingerprint": "made-for-a-test:1",
        "metric": SIGNALS[signal].metric,
        "technique": index.technique,
        "dimension": _WIDTH[signal],
        "codes": 38,
        "items": 39,
        "recall": 1.0,
    }
    for file, digest in files.items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest
        np.load(folder / file, allow_pickle=False)
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *files}
    assert check_index(case, signal) == []


def test_every_value_finds_itself_first(case: Case, signal: str) -> None:
    index = open_index(case, signal)
    queries = np.asarray(index.codes.codes)
    match index:
        case DenseIndex() | BinaryIndex():
            hits = index.search(queries, 1)
        case MinHashIndex():
            hits = index.search(queries)
    first = np.flatnonzero(np.diff(hits.query, prepend=-1))
    assert hits.query[first].tolist() == hits.row[first].tolist() == list(range(38))
    same = 0 if SIGNALS[signal].metric is Metric.HAMMING else 1
    np.testing.assert_allclose(hits.value[first], same, atol=1e-6)


def test_an_index_that_is_there_is_opened_and_not_built_again(case: Case, signal: str) -> None:
    first = held(open_index(case, signal))
    before = {path: path.stat().st_mtime_ns for path in folder_of(case, signal).iterdir()}
    assert held(open_index(Case(case.path), signal)) == first
    assert {path: path.stat().st_mtime_ns for path in folder_of(case, signal).iterdir()} == before


@pytest.mark.parametrize("values", ["none", "all-null"])
def test_a_signal_without_values_has_an_empty_index(
    tmp_path: Path, signal: str, values: str
) -> None:
    codes = {} if values == "none" else {name(at): None for at in range(3)}
    case = put_codes(Case.create(tmp_path / "case"), signal, codes)
    for _ in range(2):  # once built, once opened
        index = open_index(case, signal)
        assert len(index.codes) == 0
        query = np.stack([c for c in made_codes(signal, 4).values() if c is not None])
        if isinstance(index, DenseIndex):
            assert len(index.search(query, 5)) == 0
        elif SIGNALS[signal].metric is Metric.HAMMING:
            assert len(index.search(query, 5)) == 0
            assert [*index.pairs(5), *index.pairs_with(query, 5)] == []
        else:
            assert len(index.search(query)) == len(index.pairs()) == 0


def test_more_values_make_a_new_index_and_the_old_one_is_swept(case: Case, signal: str) -> None:
    open_index(case, signal)
    old = folder_of(case, signal)
    (old.parent / ".left-by-a-killed-build").mkdir()
    more = {name(at): code for at, code in enumerate(made_codes(signal, 6, 1).values(), 100)}
    case = put_codes(case, signal, more)
    index = open_index(case, signal)
    assert len(index.codes.items) == 39 + 5
    assert folder_of(case, signal) != old  # and there is no other


def test_another_maker_makes_a_new_index(case: Case, signal: str) -> None:
    open_index(case, signal)
    old = folder_of(case, signal)
    with case.writer() as writer:
        writer.describe(signal, {"fingerprint": "another:2"})
        writer.commit()
    open_index(case, signal)
    assert folder_of(case, signal) != old
    assert "another:2" in (folder_of(case, signal) / "manifest.json").read_text("utf-8")


def test_a_signal_that_the_case_lacks_is_named_with_the_command_that_adds_it(
    tmp_path: Path,
) -> None:
    case = Case.create(tmp_path / "case")
    with pytest.raises(UsageError, match=r"frametrace embed .*case --signal phash"):
        open_index(case, "phash")


def edited(manifest: Path, **values: object) -> None:
    content = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**content, **values}), "utf-8")


@pytest.mark.parametrize("key", ["signal", "fingerprint", "metric"])
def test_an_index_of_something_else_is_an_error_that_names_both_sides(
    case: Case, signal: str, key: str
) -> None:
    open_index(case, signal)
    edited(folder_of(case, signal) / "manifest.json", **{key: "something-else"})
    with pytest.raises(IndexMismatch) as refused:
        open_index(case, signal)
    message = str(refused.value)
    ours = {"signal": signal, "fingerprint": "made-for-a-test:1", "metric": SIGNALS[signal].metric}
    assert "something-else" in message
    assert ours[key] in message
    assert f"delete {folder_of(case, signal)}" in message


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


_DAMAGES = {
    "codes-cut": lambda folder: cut(folder / "codes.npy"),
    "items-missing": lambda folder: (folder / "items.npy").unlink(),
    "starts-pickled": lambda folder: np.save(folder / "starts.npy", np.array([{}], object)),
    "starts-of-others": lambda folder: np.save(folder / "starts.npy", np.arange(39)),
    "codes-of-others": lambda folder: np.save(folder / "codes.npy", np.zeros((7, 8), np.uint8)),
    "manifest-cut": lambda folder: cut(folder / "manifest.json"),
    "manifest-of-others": lambda folder: (folder / "manifest.json").write_text("[1]", "utf-8"),
    "fewer-items": lambda folder: edited(folder / "manifest.json", items=38),
    "other-dimension": lambda folder: edited(folder / "manifest.json", dimension=1),
}


@pytest.mark.parametrize("damage", list(_DAMAGES))
def test_a_damaged_index_is_told_of_and_built_again_once_deleted(
    case: Case, signal: str, damage: str
) -> None:
    whole = held(open_index(case, signal))
    folder = folder_of(case, signal)
    _DAMAGES[damage](folder)
    with pytest.raises(IndexMismatch, match=r"delete .* will be rebuilt") as refused:
        open_index(case, signal)
    assert str(folder) in str(refused.value)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert held(open_index(case, signal)) == whole


@pytest.mark.parametrize("damage", ["cut", "missing", "of-others"])
def test_a_damaged_graph_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr("frametrace.index.dense.EXACT_BELOW", 500)
    case = put_codes(Case.create(tmp_path / "case"), "clip", made_codes("clip", 600))
    index = open_index(case, "clip")
    manifest = json.loads((folder_of(case, "clip") / "manifest.json").read_text("utf-8"))
    assert manifest["technique"] == index.technique == "hnsw"
    assert 0.9 < manifest["recall"] <= 1
    graph = folder_of(case, "clip") / "hnsw.faiss"
    assert manifest["files"]["hnsw.faiss"] == hashlib.sha256(graph.read_bytes()).hexdigest()
    if damage == "cut":
        cut(graph)
    elif damage == "missing":
        graph.unlink()
    else:
        other = DenseIndex.build(open_index(case, "clip").codes.only(np.arange(510)))
        other.save(graph.parent)
    with pytest.raises(IndexMismatch, match="damaged"):
        open_index(case, "clip")
    assert len(check_index(case, "clip")) == 1


def test_a_flipped_bit_is_found_by_the_checksums(case: Case, signal: str) -> None:
    open_index(case, signal)
    path = folder_of(case, signal) / "codes.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert check_index(case, signal) == [
        f"{path} is damaged: delete {path.parent}, it will be rebuilt"
    ]


def test_an_index_that_cannot_be_written_is_a_plain_error(case: Case, signal: str) -> None:
    (case.path / "index").write_text("in the way", "utf-8")
    with pytest.raises(CaseError, match="can't be written"):
        open_index(case, signal)


_OPEN = """
import sys
from pathlib import Path
from frametrace.embed.case import Case
from frametrace.index.store import open_index
{before}
print(len(open_index(Case(Path(sys.argv[1])), sys.argv[2]).codes))
"""

_KILL_AFTER_ONE_ARRAY = """
import os, signal
from frametrace.index import store
save = store._save
def save_and_die(*given):
    save(*given)
    os.kill(os.getpid(), signal.SIGKILL)
store._save = save_and_die
"""

_KILL_BEFORE_THE_RENAME = """
import os, signal
from frametrace.index import store
store.write_atomically = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
"""


def opening(case: Case, before: str = "", signal: str = "pdq") -> "subprocess.Popen[str]":
    """Open an index in a process of its own."""
    command = [sys.executable, "-c", _OPEN.format(before=before), str(case.path), signal]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


_NO_ROOM = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
from frametrace.index import dense
dense.EXACT_BELOW = 100
"""


@pytest.mark.parametrize(
    ("signal", "limit"),
    [("pdq", 1000), ("caption_key", 40_000), ("clip", 20_000)],
    ids=["hashes", "keys", "graph"],
)
def test_a_full_disk_is_a_plain_error_and_leaves_nothing_that_is_opened(
    tmp_path: Path, signal: str, limit: int
) -> None:
    case = put_codes(Case.create(tmp_path / "case"), signal, made_codes(signal, 240))
    stopped = opening(case, _NO_ROOM.format(limit=limit), signal)
    output, errors = stopped.communicate()
    assert (output, stopped.returncode) == ("", 1)
    assert "CaseError" in errors.splitlines()[-1]
    assert "Make room" in errors
    assert len(open_index(case, signal).codes) == 238
    assert check_index(case, signal) == []


@pytest.fixture
def hashes(tmp_path: Path) -> Case:
    return put_codes(Case.create(tmp_path / "case"), "pdq", made_codes("pdq", 2000))


@pytest.mark.parametrize("before", [_KILL_AFTER_ONE_ARRAY, _KILL_BEFORE_THE_RENAME])
def test_a_killed_build_leaves_nothing_that_is_opened(hashes: Case, before: str) -> None:
    killed = opening(hashes, before)
    killed.communicate()
    assert killed.returncode == -9
    left = folder_of(hashes, "pdq")
    assert left.name.startswith(".")
    assert not (left / "manifest.json").exists()
    assert len(open_index(hashes, "pdq").codes) == 1998
    assert not folder_of(hashes, "pdq").name.startswith(".")  # the rest is swept


def test_several_builders_at_once_leave_one_whole_index(hashes: Case) -> None:
    running = [opening(hashes) for _ in range(3)]
    assert [process.communicate()[0] for process in running] == ["1998\n"] * 3
    assert check_index(hashes, "pdq") == []
    assert folder_of(hashes, "pdq").is_dir()  # the only one
