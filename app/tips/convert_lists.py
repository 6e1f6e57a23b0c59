"""Turning tips into lists of hashes and back, as commands do it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frametrace.app.output.render import print_json, printable
from frametrace.app.report.csv_tables import write_csv
from frametrace.matcher.tips.envelope import TIP, VERDICT, is_document
from frametrace.matcher.tips.hash_lists import hashes_of, left_out, tip_of_hashes, write_lines
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.threatexchange import write_bank
from frametrace.matcher.tips.tip_model import Tlp
from frametrace.posts.errors import CaseError, UsageError

__all__ = ["from_list", "to_list"]


def to_list(source: Path, out: Path, trusted: Sequence[Path], *, as_json: bool) -> None:
    """Write a tip's PDQ hashes, as CSV or JSON if the name ends so, and say what is not in it."""
    _check_out(out)
    tip = read_tip(source, trusted)
    hashes = hashes_of(tip)
    marked = "which lines can't say"
    if out.suffix.lower() == ".csv":
        marked = "in its column tlp"
        try:
            write_csv(out, hashes)
        except OSError as error:
            raise CaseError(f"{out} can't be written: {error.strerror or error}") from None
    elif out.suffix.lower() == ".json":
        marked = "in its tags"
        write_bank(out, hashes, tip.head.tlp)
    else:
        write_lines(out, hashes)
    label, lacking = tip.head.tlp.label, left_out(tip)
    if as_json:
        print_json({"out": out, "hashes": hashes.num_rows, "tlp": label, "left_out": lacking})
        return
    print(printable(f"hashes    {hashes.num_rows:,} in {out}; {label}, {marked}"))
    print(f"note      such a list can't carry: {', '.join(lacking)}")


def _check_out(out: Path) -> None:
    """Refuse to write a list over a device, a tip, a verdict or a key."""
    if not out.exists():
        return
    if not out.is_file():
        raise UsageError(f"{out} is no file: name another one")
    with out.open("rb") as file:
        is_key = file.read(16).startswith(b"-----BEGIN")
    if is_key or is_document(out, TIP) or is_document(out, VERDICT):
        raise UsageError(f"{out} is a tip, a verdict or a key: name another file")


def from_list(source: Path, out: Path, options: Mapping[str, Any]) -> None:
    """Write a tip of a list of hashes, and say how many it holds."""
    asked = Tlp(options["tlp"])
    made = tip_of_hashes(source, out, made_by=options["made_by"], tlp=asked, key=options["sign"])
    if options["as_json"]:
        print_json({"out": out, **asdict(made), "tlp": made.tlp.label})
        return
    print(printable(f"tip       {out}: {made.hashes:,} hashes, {made.tlp.label}"))
    print(f"sha256    {made.sha256}")
    if made.tlp != asked:
        print(f"note      the list's own marking is stricter than {asked.label}")
    if made.twice:
        print(f"note      {made.twice:,} hashes were there twice")
    if made.other_types:
        print(f"note      {made.other_types:,} signals of other types than pdq were left out")
    if made.harmless:
        print(f"note      {made.harmless:,} hashes were left out: the list says they are harmless")
