"""`frametrace query`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from frametrace.app.options import case_argument, json_option

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["command"]

_PICTURE_COLUMNS = {
    "distance": "bits",
    "similarity": "similarity",
    "relation": "relation",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "posted_at": "time (UTC)",
    "media_path": "path",
}
_LOCAL_COLUMNS = {
    "inliers": "inliers",
    "relation": "relation",
    "happened": "what happened",
    **{name: _PICTURE_COLUMNS[name] for name in ("platform", "post_id", "account_id")},
    **{name: _PICTURE_COLUMNS[name] for name in ("posted_at", "media_path")},
}
_TEXT_COLUMNS = {
    "similarity": "similarity",
    "relation": "relation",
    "signal": "by",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "posted_at": "time (UTC)",
    "text": "text",
}


@click.command("query")
@case_argument
@click.argument("picture", required=False, type=click.Path(path_type=Path))
@click.option("--text", help="Find captions that hold this text or read like it.")
@click.option(
    "--signal", default="", help="pdq (the default), phash, clip, local; caption, caption_key."
)
@click.option(
    "--limit", type=click.IntRange(0, 10**9), default=20, show_default=True, help="Rows; 0: all."
)
@json_option
def command(
    case: Path, picture: Path | None, text: str | None, signal: str, limit: int, as_json: bool
) -> None:
    """Find the posts of CASE whose pictures are near-duplicates of PICTURE, or read like a text.

    By hash it answers at once. --signal local finds crops, memes, screenshots and mirror images,
    looking at every picture of CASE. --signal clip and --text load a model where CASE has one.

    \b
    frametrace query hongkong picture.jpg
    frametrace query hongkong picture.jpg --signal phash --limit 5
    frametrace query hongkong picture.jpg --signal local
    frametrace query hongkong --text "black-clad protesters" --signal caption_key
    """
    from frametrace.app.console import Console
    from frametrace.app.telling import print_json, rows_text
    from frametrace.embed.case import Case
    from frametrace.matcher.query import find_picture, find_text

    if (picture is None) == (text is None):
        raise click.UsageError("name a PICTURE, or a text with --text; and not both")
    opened = Case(case)
    if picture is not None:
        found = find_picture(opened, picture, signal or "pdq", limit)
    else:
        found = find_text(opened, text or "", signal, limit)
    for note in found.notes:
        Console().note(note)
    if as_json:
        print_json({"total": found.total, "rows": found.rows.to_pylist()})
    elif not found.total:
        print("nothing was found")
    else:
        print(_table(found.rows, signal) if picture else rows_text(found.rows, _TEXT_COLUMNS))
        if found.total > found.rows.num_rows:
            print(f"\n{found.rows.num_rows} of {found.total:,} are shown; --limit 0 gives all")


def _table(rows: "pa.Table", signal: str) -> str:
    """The rows of a picture's answer as text."""
    import pyarrow as pa

    from frametrace.app.happened import what_happened
    from frametrace.app.telling import rows_text

    if signal != "local":
        return rows_text(rows, _PICTURE_COLUMNS)
    happened = pa.array([what_happened(row) for row in rows.to_pylist()], pa.string())
    return rows_text(rows.append_column("happened", happened), _LOCAL_COLUMNS)
