"""Options of `frametrace framing` that are empty, or can't be combined."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from making import make_case

from frametrace.app.cli import frametrace

_TEXT = "They burned the station down and nobody says a word about who paid for it"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--name", ""), "--name is empty"),
        (("--name", "", "--text", _TEXT), "--name is empty"),
        (("--name", "", "--delete"), "--name is empty"),
        (
            ("--name", "fire", "--delete", "--top", "4"),
            "--delete takes --name and no other option",
        ),
        (("--picture", ""), "the path is empty"),
        (("--text", _TEXT, "--unlike-picture", ""), "the path is empty"),
        (("--text", _TEXT, "--out", ""), "the path is empty"),
    ],
)
def test_empty_or_misplaced_options_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    case = make_case(tmp_path, [{"text": _TEXT}])
    result = CliRunner().invoke(frametrace, ["framing", str(case.path), *arguments])
    assert result.exit_code == 2, result.output
    assert message in result.output
