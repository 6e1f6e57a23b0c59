"""Reads lists of accounts that users write: one account per line."""

from pathlib import Path

from frametrace.posts.errors import UsageError

__all__ = ["read_account_list"]

_MAX_BYTES = 1 << 24  # 200,000 accounts and more
_MAX_LINE = 1_000  # characters


def read_account_list(path: Path) -> tuple[str, ...]:
    """The accounts of a list, each as platform/id, platform/name, id or name; sorted, once each.

    Empty lines and lines that begin with # are left out. Raises `UsageError`, with the line, for a
    file that is not such a list.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} has more than {_MAX_BYTES:,} bytes: split it")
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror or error}; name a file with one account per "
            "line, such as twitter/123"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    accounts = set()
    for number, line in enumerate(lines, 1):
        if len(line) > _MAX_LINE or "\0" in line:
            raise UsageError(
                f"{path}, line {number}: it is not an account; write one per line, such as "
                "twitter/123"
            )
        if (account := line.strip()) and not account.startswith("#"):
            accounts.add(account)
    if not accounts:
        raise UsageError(f"{path} names no account: write one per line, such as twitter/123")
    return tuple(sorted(accounts))
