"""`frametrace index`."""

from pathlib import Path

import click

from frametrace.app.options import case_argument, json_option

__all__ = ["command"]


@click.command("index")
@case_argument
@json_option
def command(case: Path, as_json: bool) -> None:
    """Build what searches CASE: one index per signal, where it is missing or stale.

    `match` and `query` do this by themselves; do it ahead so that the first query is fast.

    \b
    frametrace index hongkong
    """
    from frametrace.app.console import Console, table_text
    from frametrace.app.telling import print_json
    from frametrace.embed.case import Case
    from frametrace.index.dense import DenseIndex
    from frametrace.index.store import has_index, open_index

    opened = Case(case)
    rows = []
    signals = [signal for signal in sorted(opened.epoch.signals) if has_index(signal)]
    with Console().track("indexes", len(signals)) as advance:
        for signal in signals:
            index = open_index(opened, signal)
            recall = index.recall if isinstance(index, DenseIndex) else 1.0
            rows.append(
                {
                    "signal": signal,
                    "technique": index.technique,
                    "items": len(index.codes.items),
                    "codes": len(index.codes),
                    "recall": recall,
                }
            )
            advance(1)
    if as_json:
        print_json(rows)
    elif not rows:
        print(f"{case} has no signals yet; compute them with: frametrace embed {case}")
    else:
        print(table_text(list(rows[0]), [list(row.values()) for row in rows]))
