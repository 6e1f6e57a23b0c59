"""`frametrace query`."""

from pathlib import Path

import click

from frametrace.app.options import case_argument, json_option

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
@click.option("--signal", default="", help="pdq (the default), phash, clip; caption, caption_key.")
@click.option(
    "--limit", type=click.IntRange(0, 10**9), default=20, show_default=True, help="Rows; 0: all."
)
@json_option
def command(
    case: Path, picture: Path | None, text: str | None, signal: str, limit: int, as_json: bool
) -> None:
    """Find the posts of CASE whose pictures are near-duplicates of PICTURE, or read like a text.

    By hash it answers at once; --signal clip and --text load a model where the case has one.

    \b
    frametrace query hongkong picture.jpg
    frametrace query hongkong picture.jpg --signal phash --limit 5
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
        print(rows_text(found.rows, _PICTURE_COLUMNS if picture else _TEXT_COLUMNS))
        if found.total > found.rows.num_rows:
            print(f"\n{found.rows.num_rows} of {found.total:,} are shown; --limit 0 gives all")
