"""Turning tips into lists of hashes and back, as commands do it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frametrace.app.console import printable
from frametrace.app.report.tables import write_csv
from frametrace.app.telling import print_json
from frametrace.matcher.tips.exchange import hashes_of, tip_of_hashes, write_lines
from frametrace.matcher.tips.model import Tlp
from frametrace.matcher.tips.reading import read_tip
from frametrace.posts.errors import CaseError

__all__ = ["from_list", "to_list"]


def to_list(source: Path, out: Path, trusted: Sequence[Path], *, as_json: bool) -> None:
    """Write a tip's PDQ hashes, as CSV if the name ends so, and say how many."""
    tip = read_tip(source, trusted)
    hashes = hashes_of(tip)
    told = "in its column tlp" if out.suffix.lower() == ".csv" else "which lines can't say"
    if out.suffix.lower() == ".csv":
        try:
            write_csv(out, hashes)
        except OSError as error:
            raise CaseError(f"{out} can't be written: {error.strerror or error}") from None
    else:
        write_lines(out, hashes)
    label = tip.head.tlp.label
    if as_json:
        print_json({"out": out, "hashes": hashes.num_rows, "tlp": label})
    else:
        print(printable(f"hashes    {hashes.num_rows:,} in {out}; {label}, {told}"))


def from_list(source: Path, out: Path, options: Mapping[str, Any]) -> None:
    """Write a tip of a list of hashes, and say how many it holds."""
    tlp = Tlp(options["tlp"])
    made = tip_of_hashes(source, out, made_by=options["made_by"], tlp=tlp, key=options["sign"])
    if options["as_json"]:
        print_json({"out": out, "tlp": tlp.label, **asdict(made)})
        return
    print(printable(f"tip       {out}: {made.hashes:,} hashes, {tlp.label}"))
    print(f"sha256    {made.sha256}")
    if made.twice:
        print(f"note      {made.twice:,} hashes were there twice")
    if made.other_types:
        print(f"note      {made.other_types:,} lines of other types than pdq were left out")
