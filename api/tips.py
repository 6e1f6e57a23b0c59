"""Tips: give others what they need to find the same material, and check what they give you."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frametrace.app.library import AnyCase, AnyPath, opened_case
from frametrace.app.tips.write_check import check_answers, write_check
from frametrace.case.table import Table
from frametrace.matcher.tips.check import Checked, check_tip
from frametrace.matcher.tips.export import Exported, ExportSettings, export_tip
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.selection import Choice
from frametrace.matcher.tips.tip_model import Tip
from frametrace.work.progress import Progress

__all__ = ["Choice", "Echoes", "ExportSettings", "check", "export", "read"]


@dataclass(frozen=True, slots=True)
class Echoes:
    """The posts of a case that carry a tip's material; `notes` say what was not compared."""

    checked: Checked = field(repr=False)
    notes: tuple[str, ...]

    @property
    def posts(self) -> Table:
        """One row per post and item of the tip that it carries, with the evidence."""
        return Table(self.checked.echoes)

    @property
    def accounts(self) -> Table:
        """One row per account, page, group or channel with such posts."""
        return Table(self.checked.actors)

    @property
    def items(self) -> Table:
        """One row per item of the tip, with the number of posts that carry it."""
        return Table(self.checked.items)


def export(
    case: AnyCase, choice: Choice, out: AnyPath, settings: ExportSettings = ExportSettings()
) -> Exported:
    """Write a tip on chosen groups, framings or accounts: hashes and counts, no pictures."""
    return export_tip(opened_case(case), choice, Path(out), settings)


def read(tip: AnyPath, trusted: Sequence[AnyPath] = ()) -> Tip:
    """Read a tip, and check its schema, its digest and its signature.

    With `trusted` public keys, the tip has to be signed by one of them. Raises `TipError`.
    """
    return read_tip(Path(tip), tuple(map(Path, trusted)))


def check(
    case: AnyCase,
    tip: Tip,
    out: AnyPath | None = None,
    *,
    max_pdq: int = 31,
    progress: Progress | None = None,
) -> Echoes:
    """Find the posts of a case that carry a tip's material; with `out`, write the report."""
    opened = opened_case(case)
    if out is not None:
        check_answers(opened.path, Path(out))
    checked = check_tip(opened, tip, max_pdq=max_pdq, progress=progress)
    if out is not None:
        write_check(opened, checked, Path(out), progress=progress)
    return Echoes(checked, checked.notes)
