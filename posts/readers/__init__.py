"""The formats that can be read: one file each, one line here."""

from frametrace.posts.readers import (
    crowdtangle_facebook,
    folder,
    meta_content_library,
    plain_csv,
    plain_jsonl,
    x_archive,
    x_archive_users,
)
from frametrace.posts.readers.contract import Reader

__all__ = ["READERS", "Reader"]

READERS: tuple[Reader, ...] = (
    x_archive.READER,
    x_archive_users.READER,
    crowdtangle_facebook.READER,
    meta_content_library.READER,
    plain_csv.READER,
    plain_jsonl.READER,
    folder.READER,
)
