"""Records from snscrape, and records that only look like them."""

from pathlib import Path

import pytest
from making import write_jsonl

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Skipped
from frametrace.posts.open_source import open_source

_RECORD = {"id": "1", "date": "2024-05-01", "content": "words of a post"}


def test_records_of_another_site_with_the_same_names_are_skipped(tmp_path: Path) -> None:
    record = _RECORD | {"user": {"id": "5", "name": "lin"}, "url": "https://vk.com/wall5_1"}
    with pytest.raises(SourceError):
        open_source(write_jsonl(tmp_path / "posts.jsonl", [record]))


def test_a_record_that_leads_to_another_site_is_not_a_post_of_x(tmp_path: Path) -> None:
    user = {"user": {"id": "5", "username": "lin"}}
    links = ["https://vk.com/wall5_1", "https://x.com/lin/status/1", "not a link", ""]
    records = [_RECORD | user | {"id": str(at), "url": url} for at, url in enumerate(links)]
    found = list(open_source(write_jsonl(tmp_path / "posts.jsonl", records)).entries())
    (skipped,) = (entry for entry in found if isinstance(entry, Skipped))
    assert "leads to vk" in skipped.reason
    assert len(found) == len(links)
