"""Exports tips that let others find the same material, and checks a case against tips."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frametrace.app.library import AnyCase, AnyPath, opened_case
from frametrace.app.tips.write_check import refuse_to_overwrite, write_check
from frametrace.case.table import Table
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.tips.check import CheckResult, check_tip
from frametrace.matcher.tips.export import ExportedTip, ExportSettings, export_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.tip_model import Tip
from frametrace.work.progress import Progress

__all__ = ["Echoes", "ExportSettings", "Selection", "check", "export", "read"]


@dataclass(frozen=True, slots=True)
class Echoes:
    """The posts of a case that reuse material of a tip; `notes` say what was not compared."""

    checked: CheckResult = field(repr=False)
    notes: tuple[str, ...]

    @property
    def posts(self) -> Table:
        """One row per post and item of the tip that it reuses, with the evidence."""
        return Table(self.checked.echoes)

    @property
    def accounts(self) -> Table:
        """One row per account, page, group or channel with such posts."""
        return Table(self.checked.accounts)

    @property
    def items(self) -> Table:
        """One row per item of the tip, with the number of posts that reuse it."""
        return Table(self.checked.items)


def export(
    case: AnyCase,
    selection: Selection,
    out: AnyPath,
    settings: ExportSettings = ExportSettings(),
) -> ExportedTip:
    """Write a tip about selected groups, framings or accounts: hashes and counts, no pictures."""
    return export_tip(opened_case(case), selection, Path(out), settings)


def read(tip: AnyPath, trusted: Sequence[AnyPath] = ()) -> Tip:
    """Read a tip, and check its schema, its digest and its signature.

    With `trusted` public keys, the tip must be signed by one of them. Raises `TipError`.
    """
    return read_tip(Path(tip), tuple(map(Path, trusted)))


def check(
    case: AnyCase,
    tip: Tip,
    out: AnyPath | None = None,
    *,
    max_pdq: int = PDQ_MAX_DISTANCE,
    progress: Progress | None = None,
) -> Echoes:
    """Find the posts of a case that reuse a tip's material; with `out`, write the report."""
    opened = opened_case(case)
    if out is not None:
        refuse_to_overwrite(opened.path, Path(out))
    checked = check_tip(opened, tip, max_pdq=max_pdq, progress=progress)
    if out is not None:
        write_check(opened, checked, Path(out), progress=progress)
    return Echoes(checked, checked.notes)
