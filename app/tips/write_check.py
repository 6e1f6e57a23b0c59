"""Writes the report of a tip check: an HTML page, CSV tables, and JSON for the verdict."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.report.csv_tables import write_csv
from frametrace.app.report.frame_thumbnails import video_previews
from frametrace.app.report.output_folder import check_output_folder, output_files
from frametrace.app.report.page import fill_template
from frametrace.app.report.thumbnails import data_uris
from frametrace.app.tips.check_page import build_page, picture_files
from frametrace.app.tips.verdict_answers import read_answers
from frametrace.case.store import Case
from frametrace.matcher.tips.check import CheckResult, accounts_by_kind
from frametrace.matcher.tips.tip_model import ACCOUNT_KINDS, program_version
from frametrace.posts.errors import UsageError
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["refuse_to_overwrite", "write_check"]

# In the order in which they are moved into the folder.
_FILES = ("echoes.csv", "accounts.csv", "items.csv", "check.json", "index.html")
_TIP_COLUMNS = ("first_seen", "last_seen", "caption", "label")


def write_check(
    case: Case,
    checked: CheckResult,
    out: Path,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the report of a check into the folder `out`; returns the path of its page.

    The same case and the same tip give the same bytes. Files of an earlier check are replaced;
    other files in the folder are left alone. Raises `UsageError` as `refuse_to_overwrite` does.
    """
    progress = progress or Silent()
    refuse_to_overwrite(case.path, out)
    page = build_page(case, checked)
    files = picture_files(case, page)
    previews = video_previews(case, files.keys(), executor, progress)
    files = {digest: file for digest, file in files.items() if digest not in previews}
    thumbnails = {**data_uris(files, executor, progress), **previews}
    html = fill_template("tip.html", replace(page, thumbnails=thumbnails))
    with output_files(out, _FILES) as folder:
        write_csv(folder / "echoes.csv", _marked(checked, checked.echoes.drop_columns(["item"])))
        write_csv(folder / "accounts.csv", _marked(checked, checked.accounts))
        write_csv(folder / "items.csv", _marked(checked, _items(checked)))
        (folder / "check.json").write_text(_json(case, checked), "utf-8")
        (folder / "index.html").write_text(html, "utf-8")
    return out / "index.html"


def refuse_to_overwrite(case: Path, out: Path) -> None:
    """Raise `UsageError` if a check would overwrite other files, or answers that were filled in."""
    check_output_folder(case, out, _FILES)
    if (out / "items.csv").is_file() and read_answers(out / "items.csv"):
        raise UsageError(
            f"{out / 'items.csv'} holds answers, which another check would overwrite: name another "
            "folder with --out, or move that file"
        )


def _marked(checked: CheckResult, table: pa.Table) -> pa.Table:
    """The table with the tip's marking in every row, so that no part is shared without it."""
    return table.append_column("tlp", pa.repeat(checked.tip.head.tlp.label, table.num_rows))


def _items(checked: CheckResult) -> pa.Table:
    """The items with echoes, with a column for answers and what the tip states about each."""
    items = checked.items
    items = items.add_column(1, "verdict", pa.nulls(items.num_rows, pa.string()))
    rows = pc.index_in(items["item_id"], value_set=checked.tip.items["id"].combine_chunks())
    for name in _TIP_COLUMNS:
        items = items.append_column(f"tip_{name}", checked.tip.items[name].take(rows))
    return items


def _json(case: Case, checked: CheckResult) -> str:
    tip = checked.tip
    signature = tip.signature
    kinds = checked.accounts["account_kind"].to_pylist()
    content = {
        "frametrace_check": 1,
        "case": case.path.resolve().name,
        "program": program_version(),
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
        "counts": {f"{kind}s": kinds.count(kind) for kind in ACCOUNT_KINDS},
        "items": [_item_counts(row) for row in checked.items.to_pylist()],
        "notes": list(checked.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _item_counts(row: dict[str, Any]) -> dict[str, Any]:
    """How many accounts and posts of each kind of account echo an item."""
    posts = {kind: row[f"posts_by_{kind}s"] for kind in ACCOUNT_KINDS}
    return {"item_id": row["item_id"], "accounts": accounts_by_kind(row), "posts": posts}
