"""The formats that can be read: one file each, one line here."""

from frametrace.posts.readers import (
    auto_archiver_csv,
    auto_archiver_jsonl,
    auto_archiver_sheet,
    bluesky,
    crowdtangle_api_csv,
    crowdtangle_api_jsonl,
    crowdtangle_facebook,
    crowdtangle_instagram,
    folder,
    fourcat,
    meta_content_library,
    minet,
    plain_csv,
    plain_jsonl,
    snscrape,
    telegram_desktop,
    twarc_csv,
    x_api,
    x_api_flat,
    x_archive,
    x_archive_users,
    zeeschuimer,
)
from frametrace.posts.readers.contract import Reader

__all__ = ["READERS", "Reader"]

READERS: tuple[Reader, ...] = (
    x_archive.READER,
    x_archive_users.READER,
    twarc_csv.READER,
    x_api.READER,
    x_api_flat.READER,
    minet.READER,
    snscrape.READER,
    bluesky.READER,
    crowdtangle_facebook.READER,
    crowdtangle_instagram.READER,
    crowdtangle_api_csv.READER,
    crowdtangle_api_jsonl.READER,
    meta_content_library.READER,
    fourcat.READER,
    zeeschuimer.READER,
    telegram_desktop.READER,
    auto_archiver_csv.READER,
    auto_archiver_jsonl.READER,
    auto_archiver_sheet.READER,
    plain_csv.READER,
    plain_jsonl.READER,
    folder.READER,
)
