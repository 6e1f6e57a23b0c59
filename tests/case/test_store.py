"""The case on disk: units, epochs, the lock, and what a writer does with damage it finds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from frametrace.case.locks import writer_lock
from frametrace.case.schemas import MEDIA
from frametrace.case.store import FORMAT_VERSION, Case
from frametrace.case.views import connect
from frametrace.posts.errors import CaseError, CaseLocked, CaseTooNew, UsageError


def media(*names: str) -> dict[str, pa.Table]:
    rows = [{"sha256": name, "root": "/r", "path": f"{name}.jpg", "size": 1} for name in names]
    return {"media": pa.Table.from_pylist(rows, MEDIA)}


def digests(case: Case) -> list[str]:
    return sorted(case.read("media", ["sha256"])["sha256"].to_pylist())


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case with one committed unit."""
    made = Case.create(tmp_path / "case")
    with made.writer() as writer:
        writer.put("one", media("a", "b"))
        writer.commit()
    return made


def test_rows_count_from_the_commit_on(case: Case) -> None:
    before = Case(case.path)
    with case.writer() as writer:
        writer.put("two", media("c"))
        assert digests(Case(case.path)) == ["a", "b"]
        writer.commit()
        assert digests(Case(case.path)) == ["a", "b", "c"]
    assert digests(before) == ["a", "b"]
    assert Case(case.path).epoch.number == before.epoch.number + 1


def test_putting_a_unit_again_changes_nothing(case: Case) -> None:
    with case.writer() as writer:
        for _ in range(3):
            writer.put("two", media("c"))
        writer.commit()
    assert digests(case) == ["a", "b", "c"]


def test_committing_nothing_new_makes_no_epoch(case: Case) -> None:
    number = case.epoch.number
    with case.writer() as writer:
        writer.put("empty", media())
        writer.commit()
        writer.commit()
    assert Case(case.path).epoch.number == number


def test_a_reader_keeps_its_epoch_even_when_a_table_is_dropped(case: Case) -> None:
    reader = Case(case.path)
    for at in range(3):
        with case.writer() as writer:
            if at == 0:
                writer.drop("media")
            writer.put(f"later{at}", media(f"z{at}"))
            writer.commit()
    assert digests(reader) == ["a", "b"]
    assert digests(Case(case.path)) == ["z0", "z1", "z2"]


def test_dropped_shards_go_once_no_kept_epoch_names_them(case: Case) -> None:
    dropped = case.files("media")
    for at in range(8):
        with case.writer() as writer:
            if at == 0:
                writer.drop("media")
            writer.put(f"later{at}", media(f"z{at}"))
            writer.commit()
    assert not any(file.exists() for file in dropped)
    assert len(list((case.path / "epochs").iterdir())) == 5


def test_what_was_put_but_not_committed_is_adopted_by_the_next_writer(case: Case) -> None:
    with pytest.raises(KeyboardInterrupt), case.writer() as writer:
        writer.put("two", media("c"))
        raise KeyboardInterrupt
    assert digests(case) == digests(Case(case.path)) == ["a", "b"]
    with case.writer():
        pass
    assert digests(Case(case.path)) == ["a", "b", "c"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"media": '])
def test_an_unreadable_marker_counts_for_nothing_and_the_work_is_done_again(
    case: Case, content: str
) -> None:
    with pytest.raises(KeyboardInterrupt), case.writer() as writer:
        writer.put("two", media("c"))
        raise KeyboardInterrupt
    (case.path / "done" / "two.json").write_text(content, "utf-8")
    with case.writer() as writer:
        assert digests(case) == ["a", "b"]
        writer.put("two", media("c"))
        writer.commit()
    assert digests(case) == ["a", "b", "c"]
    assert len(list((case.path / "media").iterdir())) == 2


def test_a_writer_sweeps_what_a_killed_one_left_and_nothing_else(case: Case) -> None:
    left = [
        "media/two-0123.parquet",
        "media/.x.tmp",
        "epochs/.x.tmp",
        "done/.x.tmp",
        ".CURRENT.tmp",
    ]
    kept = ["media/notes.txt", "media/.DS_Store", "notes.txt"]
    for name in (*left, *kept):
        (case.path / name).write_text("x", "utf-8")
    (case.path / "media" / "a folder").mkdir()
    with case.writer():
        pass
    assert [name for name in left if (case.path / name).exists()] == []
    assert [name for name in kept if not (case.path / name).exists()] == []
    assert digests(Case(case.path)) == ["a", "b"]


def test_a_writer_sweeps_folders_that_have_a_lock_unless_it_is_held(case: Case) -> None:
    left = [case.path / name / ".x.json.0123abcd.tmp" for name in ("framings", "watch")]
    for path in left:
        path.parent.mkdir()
        path.write_text("x", "utf-8")
    with writer_lock(case.path / "framings"), case.writer():
        pass
    assert [path.exists() for path in left] == [True, False]
    with case.writer():
        pass
    assert [path.exists() for path in left] == [False, False]


def test_without_current_the_newest_epoch_counts_and_is_named_again(case: Case) -> None:
    (case.path / "CURRENT").unlink()
    assert digests(Case(case.path)) == ["a", "b"]
    with Case(case.path).writer() as writer:
        writer.put("two", media("c"))
        writer.commit()
    assert (case.path / "CURRENT").exists()
    assert digests(Case(case.path)) == ["a", "b", "c"]


def test_shards_without_any_epoch_are_never_taken_for_rubbish(case: Case) -> None:
    (case.path / "CURRENT").unlink()
    for epoch in (case.path / "epochs").iterdir():
        epoch.unlink()
    shards = case.files("media")
    with pytest.raises(CaseError, match=r"neither CURRENT nor epochs.*restore them"):
        Case(case.path)
    with pytest.raises(CaseError, match="restore them"), case.writer():
        pass
    assert all(shard.exists() for shard in shards)


def test_going_back_to_an_older_epoch_and_on_from_there_loses_nothing(case: Case) -> None:
    for at in range(7):
        with case.writer() as writer:
            writer.put(f"later{at}", media(f"z{at}"))
            writer.commit()
    oldest = min((case.path / "epochs").iterdir()).name
    (case.path / "CURRENT").write_text(oldest, "utf-8")
    again = Case(case.path)
    held = digests(again)
    manifests = {path: path.read_bytes() for path in (case.path / "epochs").iterdir()}
    with again.writer() as writer:
        writer.put("new", media("new"))
        writer.commit()
    assert digests(Case(case.path)) == sorted([*held, "new"])
    for path, content in manifests.items():  # a manifest may be swept and never changes
        assert not path.exists() or path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"../../etc/passwd", b"\xff\xfe", b"epoch-000099.json"])
def test_a_current_that_names_no_epoch_is_a_plain_error(case: Case, content: bytes) -> None:
    (case.path / "CURRENT").write_bytes(content)
    with pytest.raises(CaseError, match=r"delete it|restore it"):
        Case(case.path)


def test_a_case_of_a_later_format_is_refused(case: Case) -> None:
    newer = json.dumps({"format": FORMAT_VERSION + 1})
    (case.path / "case.json").write_text(newer, "utf-8")
    with pytest.raises(CaseTooNew, match=f"format {FORMAT_VERSION + 1}.*pip install --upgrade"):
        Case(case.path)
    with pytest.raises(CaseTooNew):
        Case.create(case.path)


def test_a_folder_that_is_not_a_case_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(CaseError, match="exists and is not a case"):
        Case.create(tmp_path)
    with pytest.raises(CaseError, match=r"is not a case.*frametrace add"):
        Case(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_killed_while_it_is_made_a_case_is_made_by_the_same_call(tmp_path: Path) -> None:
    left = tmp_path / ".case.json.0123abcd.tmp"
    left.write_bytes(b"{")
    with Case.create(tmp_path).writer():
        pass
    assert not left.exists()
    assert digests(Case(tmp_path)) == []


def test_a_second_writer_is_told_which_process_writes(case: Case) -> None:
    code = (
        "import pathlib, sys\n"
        "from frametrace.case.store import Case\n"
        "with Case(pathlib.Path(sys.argv[1])).writer():\n"
        "    print('writing', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, case.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"writing\n"
    with pytest.raises(CaseLocked, match=f"process {other.pid} is writing"), case.writer():
        pass
    assert digests(Case(case.path)) == ["a", "b"]  # readers need no lock
    other.kill()
    other.communicate()
    with case.writer() as writer:  # the lock goes with the process
        writer.put("two", media("c"))
    with pytest.raises(CaseLocked, match=f"process {os.getpid()} "), case.writer():  # noqa: SIM117
        with Case(case.path).writer():
            pass


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "rubbish"])
def test_a_damaged_shard_is_named_and_so_is_doctor(case: Case, damage: str) -> None:
    shard = case.files("media")[0]
    whole = shard.read_bytes()
    if damage == "missing":
        shard.unlink()
    else:
        cut = {"empty": b"", "cut": whole[: len(whole) // 2], "rubbish": bytes(len(whole))}
        shard.write_bytes(cut[damage])
    with pytest.raises(CaseError, match="frametrace doctor"):
        case.read("media")
    with (
        pytest.raises(CaseError, match=f"{shard.name}.*frametrace doctor"),
        connect(case, "media") as connection,
    ):
        connection.sql("SELECT sha256 FROM media").fetchall()


def test_flipped_bits_in_a_shard_are_noticed(case: Case) -> None:
    shard = case.files("media")[0]
    damaged = bytearray(shard.read_bytes())
    damaged[40] ^= 0xFF
    shard.write_bytes(damaged)
    with pytest.raises(CaseError, match="frametrace doctor"):
        case.read("media")


def test_a_path_that_is_not_utf8_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9") / "case"
    for refused in (Case, Case.create):
        with pytest.raises(UsageError, match=r"caf\\udce9/case: a case's path must be valid"):
            refused(path)
    assert list(tmp_path.iterdir()) == []
