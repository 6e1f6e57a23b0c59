"""Atomic files where a system lacks a call, or refuses what another process has open."""

import os
import stat
from pathlib import Path

import pytest

from frametrace.case import atomic_files
from frametrace.case.atomic_files import (
    delete_unused,
    link_file,
    replace_folder,
    replacing_output,
    reserve_space,
    write_atomically,
    write_secret,
)
from frametrace.posts.errors import CaseError


class Refusing:
    """A call that Windows refuses the first times."""

    def __init__(self, function, times: int) -> None:
        self.function, self.left = function, times

    def __call__(self, *arguments):
        self.left -= 1
        if self.left >= 0:
            raise PermissionError(13, "The process cannot access the file")
        return self.function(*arguments)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_files, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(atomic_files, "_IS_WINDOWS", True)


def patch_method(monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> None:
    refusing = Refusing(getattr(Path, name), times)
    monkeypatch.setattr(Path, name, lambda *arguments: refusing(*arguments))  # noqa: PLW0108 (binds self)


@pytest.mark.usefixtures("windows")
def test_a_file_in_use_is_replaced_once_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch_method(monkeypatch, "replace", 2)
    write_atomically(tmp_path / "x", "new")
    assert (tmp_path / "x").read_text() == "new"
    patch_method(monkeypatch, "rename", 2)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["new"]


@pytest.mark.usefixtures("windows")
def test_a_file_that_stays_in_use_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("old")
    patch_method(monkeypatch, "replace", 3)
    with pytest.raises(CaseError, match=r"x can't be written: .* Close the programs that use it"):
        write_atomically(tmp_path / "x", "new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
    patch_method(monkeypatch, "unlink", 1)
    delete_unused(tmp_path / "x")
    assert (tmp_path / "x").exists()


def test_elsewhere_nothing_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patch_method(monkeypatch, "replace", 1)
    with pytest.raises(CaseError, match="Make room or fix the permissions"):
        write_atomically(tmp_path / "x", "new")


@pytest.mark.parametrize("has_call", [True, False])
def test_disk_space_is_reserved_with_and_without_a_call_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_call: bool
) -> None:
    if not has_call:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with (tmp_path / "x").open("wb") as file:
        file.write(b"head")
        reserve_space(file, 3_000_001)
    assert (tmp_path / "x").read_bytes() == b"head" + bytes(3_000_001)


def test_where_no_link_can_be_made_a_file_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: object) -> None:
        raise OSError(1, "a required privilege is not held by the client")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    monkeypatch.setattr(Path, "symlink_to", refused)
    (tmp_path / "x").write_text("content")
    link_file(tmp_path / "x", tmp_path / "folder" / "y")
    link = tmp_path / "folder" / "y"
    assert link.read_text() == "content"
    assert not link.is_symlink()


def test_a_secret_is_for_its_owner_and_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder" / "secret"
    write_secret(path, b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CaseError, match="exists: it is not overwritten"):
        write_secret(path, b"second")
    assert path.read_bytes() == b"first"
    assert [child.name for child in path.parent.iterdir()] == ["secret"]


def test_what_a_killed_process_left_beside_an_output_is_deleted(tmp_path: Path) -> None:
    left = tmp_path / ".tip[1].json.0123abcd.tmp"
    others = (".tip[1].json.mine.tmp", ".tip1.json.0123abcd.tmp", ".tip[1].json")
    for name in (left.name, *others):
        (tmp_path / name).write_text("half")
    with replacing_output(tmp_path / "tip[1].json") as slow:
        slow.write(b"slow")
        assert not left.exists()
        with replacing_output(tmp_path / "tip[1].json") as fast:
            fast.write(b"fast")
    assert (tmp_path / "tip[1].json").read_text() == "slow"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((*others, "tip[1].json"))
