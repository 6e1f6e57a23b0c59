"""`frametrace query`: searches a case for a picture or a text."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frametrace.app.options import case_argument, json_option

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["command"]

_CELL_WIDTH = 60  # terminal columns
_WIDE_CELL_WIDTH = 100  # for the edits of a picture

_POST_COLUMNS = {
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "posted_at": "time (UTC)",
}
_PICTURE_COLUMNS = {
    "relation": "relation",
    "happened": "edits",
    "evidence": "evidence",
    **_POST_COLUMNS,
    "media_path": "path",
}
_TEXT_COLUMNS = {
    "similarity": "similarity",
    "relation": "relation",
    "signal": "by",
    **_POST_COLUMNS,
    "text": "text",
    "media_path": "picture",
}


@click.command("query")
@case_argument
@click.argument("picture", required=False, type=click.Path(path_type=Path))
@click.option("--text", help="Find captions similar to this text; with clip also pictures.")
@click.option(
    "--signal",
    default="",
    help="Search by this signal alone, such as pdq or clip; see docs/signals.md.",
)
@click.option(
    "--limit", type=click.IntRange(0, 10**9), default=20, show_default=True, help="Rows; 0: all."
)
@json_option
def command(
    case: Path, picture: Path | None, text: str | None, signal: str, limit: int, as_json: bool
) -> None:
    """Find the posts of CASE that show PICTURE, or a part of it, or that say or show a text.

    A picture is searched by its bytes, by pdq (also mirrored and rotated), and by local features if
    CASE has them, which find crops, memes, screenshots and collages. Each matching picture is
    listed once, with its edits, the number of altered parts and the best evidence. Pictures that
    share only an element or show the same scene in another shot come last. A text is searched in
    captions, by wording and by meaning and, if CASE has clip, in what pictures show. Only --text
    and --signal clip load a model, if CASE has one.

    \b
    frametrace query hongkong picture.jpg
    frametrace query hongkong picture.jpg --signal local --limit 5
    frametrace query hongkong picture.jpg --signal phash --json
    frametrace query hongkong --text "black-clad protesters" --signal caption_key
    frametrace query hongkong --text "people dressed in black on a bridge" --signal clip
    """
    from frametrace.app import library
    from frametrace.app.output.console_output import print_json, print_rows, print_text
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.skip_pandas import skip_pandas

    skip_pandas()
    if (picture is None) == (text is None):
        raise click.UsageError("name either a PICTURE or a text with --text")
    console = Console()
    answer = library.query(case, picture, text=text, signal=signal, limit=limit, progress=console)
    rows, columns, width = answer.posts.arrow, _TEXT_COLUMNS, _CELL_WIDTH
    if picture is not None:
        rows, columns, width = _with_edits(rows), _PICTURE_COLUMNS, _WIDE_CELL_WIDTH
    for note in answer.notes:
        console.note(note)
    if as_json:
        print_json({"total": answer.total, "rows": rows.to_pylist()})
    elif not answer.total:
        print_text("nothing was found")
    else:
        print_rows(rows, columns, width)
        if answer.total > rows.num_rows:
            print_text()
            print_text(f"{rows.num_rows} of {answer.total:,} are shown; --limit 0 shows all")


def _with_edits(rows: "pa.Table") -> "pa.Table":
    """The rows with the edits of each picture and the evidence, in words."""
    import pyarrow as pa

    from frametrace.app.output.edit_words import what_happened

    for name, describe in (("happened", what_happened), ("evidence", _evidence)):
        words = pa.array([describe(row) for row in rows.to_pylist()], pa.string())
        rows = rows.append_column(name, words)
    return rows


def _evidence(row: Mapping[str, Any]) -> str:
    from frametrace.embed.signals import SIGNALS

    if row["signal"] == "sha256":
        return "same bytes"
    summary = SIGNALS[row["signal"]].summarize(row)
    return f"best frame, {summary}" if row.get("spans") else summary
