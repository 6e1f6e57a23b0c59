"""`frametrace index`: builds the search indexes of a case."""

from pathlib import Path

import click

from frametrace.app.options import case_argument, json_option

__all__ = ["command"]


@click.command("index")
@case_argument
@json_option
def command(case: Path, as_json: bool) -> None:
    """Build the search indexes of CASE: one per signal, where it is missing or stale.

    `match` and `query` do this when needed; done in advance, the first query is fast.

    \b
    frametrace index hongkong
    """
    from frametrace.app.output.console_output import print_json, print_table, print_text
    from frametrace.app.output.console_progress import Console
    from frametrace.case.store import Case
    from frametrace.index.index_store import has_index, index_folder, open_index, read_manifest

    opened = Case(case)
    rows = []
    for signal in sorted(opened.epoch.signals):
        if not has_index(signal):
            continue  # its texts are in the indexes of captions
        open_index(opened, signal, progress=Console())
        manifest = read_manifest(index_folder(opened, signal))
        shown = "signal", "technique", "items", "codes", "recall"
        rows.append({name: getattr(manifest, name) for name in shown})
    if as_json:
        print_json(rows)
    elif not rows:
        print_text(f"{case} has no signals yet; compute them with: frametrace embed {case}")
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
