"""A small case with hostile text in it, made by the real code; and the command line."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import HASHES, write_posts

from frametrace.embed.add import add_sources
from frametrace.embed.case import Case
from frametrace.embed.executor import InProcess
from frametrace.embed.stage import embed
from frametrace.matcher.stage import match_case
from frametrace.posts.media import MediaLibrary


@pytest.fixture(scope="session")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The case of `write_posts`, embedded by hashes and matched."""
    folder = tmp_path_factory.mktemp("small")
    case = Case.create(folder / "case")
    add_sources(case, [write_posts(folder / "sources")], library=MediaLibrary([]))
    embed(case, HASHES, executor=InProcess())
    match_case(case)
    return case


@pytest.fixture(scope="session")
def command() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the installed command `frametrace` in a process of its own."""

    def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
        program = Path(sys.executable).with_name("frametrace")
        return subprocess.run(
            [program, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            **options,  # type: ignore[call-overload]
        )

    return run
