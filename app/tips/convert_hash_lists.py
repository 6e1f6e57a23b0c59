"""Runs `frametrace tip convert`: a list of hashes to a tip, or a tip or a video to a list."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frametrace.app.output.console_output import print_json, print_line
from frametrace.app.report.csv_tables import write_csv
from frametrace.case.store import Case
from frametrace.matcher.tips.hash_lists import (
    lost_in_list,
    pdq_hashes,
    tip_from_list,
    write_hash_lines,
)
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.signed_documents import TIP, VERDICT, is_document
from frametrace.matcher.tips.threatexchange import write_bank
from frametrace.matcher.tips.tip_model import Tlp
from frametrace.matcher.tips.vpdq_files import VpdqFeatures, is_vpdq
from frametrace.matcher.tips.vpdq_tips import (
    tip_from_vpdq,
    vpdq_from_case,
    vpdq_from_tip,
    write_features,
)
from frametrace.posts.errors import CaseError, UsageError

__all__ = ["convert"]

_VPDQ = ".vpdq"  # suffix of the files of vPDQ features that a tip is written as


def convert(source: Path, out: Path, trusted: Sequence[Path], options: Mapping[str, Any]) -> None:
    """Write a tip as a list, or a list as a tip, and print what it holds.

    A list of hashes may be one of a video's frames (vPDQ), which a case can give as well. Raises
    `UsageError` if a file that is not a list would be overwritten, and if trusted keys are named
    for a list, which is never signed.
    """
    if out.resolve() == source.resolve():
        raise UsageError(f"{out} would overwrite its source: name another file")
    if options["video"]:
        _video_to_list(source, out, options)
    elif is_document(source, TIP):
        _tip_to_list(source, out, trusted, as_json=options["as_json"])
    elif trusted:
        raise UsageError("--from is for tips; a list of hashes is never signed")
    else:
        _list_to_tip(source, out, options)


def _tip_to_list(source: Path, out: Path, trusted: Sequence[Path], *, as_json: bool) -> None:
    """Write a tip's PDQ hashes as CSV or JSON, if `out` has that suffix, otherwise as lines."""
    _refuse_to_overwrite(out)
    tip = read_tip(source, trusted)
    if out.suffix.lower() == _VPDQ:
        features = vpdq_from_tip(tip)
        write_features(out, features)
        _print_features(out, features, as_json=as_json, label=tip.head.tlp.label)
        return
    hashes = pdq_hashes(tip)
    marking_note = "which this format can't carry"
    if out.suffix.lower() == ".csv":
        marking_note = "in its column tlp"
        try:
            write_csv(out, hashes)
        except OSError as error:
            raise CaseError(f"{out} can't be written: {error.strerror or error}") from None
    elif out.suffix.lower() == ".json":
        marking_note = "in its tags"
        write_bank(out, hashes, tip.head.tlp)
    else:
        write_hash_lines(out, hashes)
    label, left_out = tip.head.tlp.label, lost_in_list(tip)
    if as_json:
        print_json({"out": out, "hashes": hashes.num_rows, "tlp": label, "left_out": left_out})
        return
    print_line("hashes", f"{hashes.num_rows:,} in {out}; {label}, {marking_note}")
    print_line("note", f"such a list can't carry: {', '.join(left_out)}")


def _video_to_list(case: Path, out: Path, options: Mapping[str, Any]) -> None:
    """Write the frames of a case's video as vPDQ features."""
    _refuse_to_overwrite(out)
    features = vpdq_from_case(Case(case), options["video"])
    write_features(out, features)
    _print_features(out, features, as_json=options["as_json"])


def _print_features(
    out: Path, features: VpdqFeatures, *, as_json: bool, label: str | None = None
) -> None:
    """Print what a vPDQ file holds; `label` is the marking of the tip that it was made from."""
    if as_json:
        print_json({"out": out, "frames": len(features), "tlp": label})
        return
    marking = f"; {label}, which this format can't carry" if label else ""
    print_line("frames", f"{len(features):,} of one video in {out}{marking}")


def _refuse_to_overwrite(out: Path) -> None:
    """Raise `UsageError` if `out` is a device, a tip, a verdict or a key."""
    if not out.exists():
        return
    if not out.is_file():
        raise UsageError(f"{out} is not a file: name another one")
    with out.open("rb") as file:
        is_key = file.read(16).startswith(b"-----BEGIN")
    if is_key or is_document(out, TIP) or is_document(out, VERDICT):
        raise UsageError(f"{out} is a tip, a verdict or a key: name another file")


def _list_to_tip(source: Path, out: Path, options: Mapping[str, Any]) -> None:
    """Write a list of hashes as a tip."""
    requested = Tlp(options["tlp"])
    tip_from = tip_from_vpdq if is_vpdq(source) else tip_from_list
    converted = tip_from(
        source, out, made_by=options["made_by"], tlp=requested, key=options["sign"]
    )
    if options["as_json"]:
        print_json({"out": out, **asdict(converted), "tlp": converted.tlp.label})
        return
    print_line("tip", f"{out}: {converted.hashes:,} hashes, {converted.tlp.label}")
    print_line("sha256", converted.sha256)
    if converted.tlp != requested:
        print_line("note", f"the list's own marking is stricter than {requested.label}")
    if converted.twice:
        print_line("note", f"{converted.twice:,} hashes were in the list more than once")
    if converted.other_types:
        print_line(
            "note", f"{converted.other_types:,} signals of other types than pdq were left out"
        )
    if converted.harmless:
        print_line(
            "note", f"{converted.harmless:,} hashes that the list calls harmless were left out"
        )
