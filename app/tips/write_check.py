"""Writing what a check found: one page to look at, tables to compute with, JSON to answer from."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.report.csv_tables import write_csv
from frametrace.app.report.output_folder import check_place, written
from frametrace.app.report.page import filled
from frametrace.app.report.thumbnails import data_uris
from frametrace.app.tips.check_page import files_of, page_of
from frametrace.app.tips.verdict_answers import answers_in
from frametrace.case.store import Case
from frametrace.matcher.tips.check import Checked
from frametrace.matcher.tips.tip_model import KINDS, program
from frametrace.posts.errors import UsageError
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["check_answers", "write_check"]

# In the order in which they take their places.
_FILES = ("echoes.csv", "accounts.csv", "items.csv", "check.json", "index.html")
_OF_TIP = ("first_seen", "last_seen", "caption", "label")


def write_check(
    case: Case,
    checked: Checked,
    out: Path,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write what a check found into the folder `out`; returns its page.

    The same case and the same tip give the same bytes. Files of an earlier check are replaced,
    others in the folder left alone. Raises `UsageError` as `check_answers` does.
    """
    progress = progress or Silent()
    check_answers(case.path, out)
    page = page_of(case, checked, {})
    files = files_of(case, page)
    thumbnails = data_uris(files, executor, progress)
    html = filled("tip.html", page=page_of(case, checked, thumbnails))
    with written(out, _FILES) as folder:
        write_csv(folder / "echoes.csv", _marked(checked, checked.echoes.drop_columns(["item"])))
        write_csv(folder / "accounts.csv", _marked(checked, checked.actors))
        write_csv(folder / "items.csv", _marked(checked, _items(checked)))
        (folder / "check.json").write_text(_json(case, checked), "utf-8")
        (folder / "index.html").write_text(html, "utf-8")
    return out / "index.html"


def check_answers(case: Path, out: Path) -> None:
    """Refuse a folder in which a check would overwrite something else, or answers filled in."""
    check_place(case, out, _FILES)
    if (out / "items.csv").is_file() and answers_in(out / "items.csv"):
        raise UsageError(
            f"{out / 'items.csv'} holds answers, which another check would overwrite: name another "
            "folder with --out, or move that file"
        )


def _marked(checked: Checked, table: pa.Table) -> pa.Table:
    """The table with the tip's marking in every row: no part of it travels without."""
    label = checked.tip.head.tlp.label
    return table.append_column("tlp", pa.array([label] * table.num_rows, pa.string()))


def _items(checked: Checked) -> pa.Table:
    """The items that are echoed, with a column for answers and what the tip says of each."""
    items = checked.items
    empty = pa.array([None] * items.num_rows, pa.string())
    items = items.add_column(1, "verdict", empty)
    at = pc.index_in(items["item_id"], value_set=checked.tip.items["id"].combine_chunks())
    for name in _OF_TIP:
        items = items.append_column(f"tip_{name}", checked.tip.items[name].take(at))
    return items


def _json(case: Case, checked: Checked) -> str:
    tip = checked.tip
    signature = tip.signature
    kinds = checked.actors["account_kind"].to_pylist()
    content = {
        "frametrace_check": 1,
        "case": case.path.resolve().name,
        "program": program(),
        "tip": {
            "sha256": tip.sha256,
            **tip.head.to_json(),
            "items": tip.items.num_rows,
            "signed_by": signature.signer if signature else None,
            "signer_named": bool(signature and signature.trusted),
        },
        "tlp": str(tip.head.tlp),
        "settings": {
            "max_pdq": checked.settings.max_pdq,
            "max_phash": checked.settings.max_phash,
            "signals": list(checked.settings.signals),
        },
        "signals": {
            name: case.epoch.signals[name]["fingerprint"]
            for name in checked.settings.signals
            if name in case.epoch.signals
        },
        "counts": {f"{kind}s": kinds.count(kind) for kind in KINDS},
        "items": [_counted(row) for row in checked.items.to_pylist()],
        "notes": list(checked.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _counted(row: dict[str, Any]) -> dict[str, Any]:
    """How many accounts of which kind echo an item in how many posts."""
    accounts = {kind: row[f"{kind}s"] for kind in KINDS}
    accounts["account"] -= sum(row[f"{kind}s"] for kind in KINDS[1:])
    posts = {kind: row[f"posts_by_{kind}s"] for kind in KINDS}
    return {"item_id": row["item_id"], "accounts": accounts, "posts": posts}
