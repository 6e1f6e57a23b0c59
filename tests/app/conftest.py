"""A small case with hostile text in it, made by the real code."""

import pytest
from hostile import HASHES, write_posts

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.stage import embed
from frametrace.matcher.match_case import match_case
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.executor import InProcess


@pytest.fixture(scope="session")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The case of `write_posts`, embedded by hashes and matched."""
    folder = tmp_path_factory.mktemp("small")
    case = Case.create(folder / "case")
    add_sources(case, [write_posts(folder / "sources")], library=MediaLibrary([]))
    embed(case, HASHES, executor=InProcess())
    match_case(case)
    return case
