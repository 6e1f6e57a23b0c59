"""Lists of accounts: what is read, and what is refused with its line."""

from pathlib import Path

import pytest

from frametrace.matcher.account_list import read_account_list
from frametrace.posts.errors import UsageError


def test_a_list_is_read_once_per_account(tmp_path: Path) -> None:
    path = tmp_path / "checkers.txt"
    path.write_bytes(b"\xef\xbb\xbftwitter/12\r\n# invented\n\n  facebook/Some Desk \ntwitter/12\n")
    assert read_account_list(path) == ("facebook/Some Desk", "twitter/12")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "names no account"),
        (b"# nobody\n", "names no account"),
        (b"twitter/1\n" + b"a" * 2_000, "line 2: it is not an account"),
        (b"a\0b", "line 1: it is not an account"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a\n" * (1 << 24), "split it"),
    ],
    ids=["empty", "comments", "long", "nul", "bytes", "large"],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "checkers.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as error:
        read_account_list(path)
    assert str(path) in str(error.value)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one account per line"):
        read_account_list(tmp_path / "absent.txt")
