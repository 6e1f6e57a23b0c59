"""Indexes that are damaged, of something else, killed while built, or built by several at once."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from making import index_folder, made_codes, put_codes

from frametrace.case.file_digests import digest_of
from frametrace.case.json_files import read_json, sealed_json
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS
from frametrace.index.index_store import check_index, open_index
from frametrace.index.vectors import VectorIndex
from frametrace.posts.errors import CaseError, IndexMismatch


def edited(manifest: Path, **values: object) -> None:
    manifest.write_text(sealed_json({**read_json(manifest), **values}), "utf-8")


@pytest.mark.parametrize("key", ["signal", "fingerprint", "metric"])
def test_an_index_of_something_else_is_an_error_that_names_both_sides(
    case: Case, signal: str, key: str
) -> None:
    open_index(case, signal)
    edited(index_folder(case, signal) / "manifest.json", **{key: "something-else"})
    with pytest.raises(IndexMismatch) as refused:
        open_index(case, signal)
    message = str(refused.value)
    ours = {"signal": signal, "fingerprint": "made-for-a-test:1", "metric": SIGNALS[signal].metric}
    assert "something-else" in message
    assert ours[key] in message
    assert f"delete {index_folder(case, signal)}" in message


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


_DAMAGES = {
    "codes-cut": lambda folder: cut(folder / "codes.npy"),
    "codes-empty": lambda folder: (folder / "codes.npy").write_bytes(b""),
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
def test_a_damaged_index_is_reported_and_rebuilt_once_deleted(
    case: Case, signal: str, damage: str
) -> None:
    open_index(case, signal)
    folder = index_folder(case, signal)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    _DAMAGES[damage](folder)
    with pytest.raises(IndexMismatch, match=r"delete .* will be rebuilt") as refused:
        open_index(case, signal)
    assert str(folder) in str(refused.value)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    open_index(case, signal)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


@pytest.mark.parametrize("damage", ["cut", "missing", "of-others"])
def test_a_damaged_graph_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr("frametrace.index.vectors.EXACT_BELOW", 500)
    case = put_codes(Case.create(tmp_path / "case"), "clip", made_codes("clip", 600))
    index = open_index(case, "clip")
    manifest = json.loads((index_folder(case, "clip") / "manifest.json").read_text("utf-8"))
    assert manifest["technique"] == index.technique == "hnsw"
    assert 0.9 < manifest["recall"] <= 1
    graph = index_folder(case, "clip") / "hnsw.faiss"
    assert manifest["files"]["hnsw.faiss"] == digest_of(graph)
    if damage == "cut":
        cut(graph)
    elif damage == "missing":
        graph.unlink()
    else:
        other = VectorIndex.of_codes(open_index(case, "clip").codes.only(np.arange(510)))
        other.save(graph.parent)
    with pytest.raises(IndexMismatch, match="damaged"):
        open_index(case, "clip")
    assert len(check_index(case, "clip")) == 1


def test_a_flipped_bit_is_found_by_the_checksums(case: Case, signal: str) -> None:
    open_index(case, signal)
    path = index_folder(case, signal) / "codes.npy"
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
from frametrace.case.file_digests import digest_of
from frametrace.case.json_files import read_json, sealed_json
from frametrace.case.store import Case
from frametrace.index.index_store import open_index
{before}
print(len(open_index(Case(Path(sys.argv[1])), sys.argv[2]).codes))
"""

_KILL_AFTER_ONE_ARRAY = """
import os, signal
from frametrace.index import base
save = base.save_array
def save_and_die(*given):
    save(*given)
    os.kill(os.getpid(), signal.SIGKILL)
base.save_array = save_and_die
"""

_KILL_BEFORE_THE_RENAME = """
import os, signal
from frametrace.index import index_store
index_store.write_json = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
"""


def opening(case: Case, before: str = "", signal: str = "pdq") -> "subprocess.Popen[str]":
    """Open an index in a process of its own."""
    command = [sys.executable, "-c", _OPEN.format(before=before), str(case.path), signal]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


_NO_ROOM = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
from frametrace.index import vectors
vectors.EXACT_BELOW = 100
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
    left = index_folder(hashes, "pdq")
    assert left.name.startswith(".")
    assert not (left / "manifest.json").exists()
    assert len(open_index(hashes, "pdq").codes) == 1998
    assert not index_folder(hashes, "pdq").name.startswith(".")  # the rest is swept


def test_several_builders_at_once_leave_one_whole_index(hashes: Case) -> None:
    running = [opening(hashes) for _ in range(3)]
    assert [process.communicate()[0] for process in running] == ["1998\n"] * 3
    assert check_index(hashes, "pdq") == []
    assert index_folder(hashes, "pdq").is_dir()  # the only one
