"""Measures the photo groups of a whole case: edited copies, and nothing that only looks alike.

One case has scripted edits of 150 photographs, other photographs, pictures that share an app, a
watermark, a caption, a frame or a chart's style but no photograph, shots of one scene, and
falsified pictures beside unaltered ones. Each picture is a post by its own account. The command
line adds, embeds and matches them; the result is compared with the truth.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow.parquet as pq
from copies.group_scores import GroupScores, Tally
from copies.group_tables import family_of, write_group_tables
from copies.kinds import Half
from copies.labels import Label, Role, labels_of
from copies.picture_file import picture_file
from copies.plan import DEFAULT, QUICK
from measuring import Finding, Ran, Stopped, command_line, conclude, options, run, say

from frametrace.case.store import Case
from frametrace.matcher.saved_results import MatchRun, Results, load_results

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("frametrace", "opencv-python-headless", "numpy", "pillow")
SIGNALS = ("pdq", "local")
PLATFORMS = ("x", "facebook", "telegram")
GOALS = {
    "precision": 0.99,
    "recall": 0.995,
    "worst edit": 0.97,
    "relation": 0.95,
    "called copies": 0.005,
    "worst kind": 0.01,
    "reported": 0.9,
    "flagged": 0.02,
}


def main() -> None:
    chosen = options(__doc__ or "", _more)
    path = picture_file(chosen.seed, chosen.half, QUICK if chosen.quick else DEFAULT)
    if chosen.keep is not None:
        measured = _measured(chosen.keep, path)
    else:
        with tempfile.TemporaryDirectory(prefix="bench-groups-") as name:
            measured = _measured(Path(name), path)
    scores, results, matching, ran = measured
    with tempfile.TemporaryDirectory(prefix="bench-groups-") as name:
        place = RESULTS if chosen.write_results else Path(name)
        place.mkdir(exist_ok=True)
        write_group_tables(place / "groups.md", scores, chosen.half)
        if not chosen.json:
            print((place / "groups.md").read_text("utf-8"))
    findings = [*_photo_groups(scores), *_templates(scores), *_alterations(scores)]
    remarks = _remarks(scores, results, matching, ran)
    conclude("groups", findings, remarks, PACKAGES, chosen)


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--half",
        type=Half,
        choices=list(Half),
        default=Half.JUDGE,
        help="of photographs and templates: one to tune by, the other to judge by",
    )
    parser.add_argument(
        "--keep", type=Path, help="make the case in this folder, and leave it there"
    )


def _measured(folder: Path, path: Path) -> tuple[GroupScores, Results, MatchRun, Ran]:
    """Make a case of the pictures, match it, and read its results before it is deleted."""
    labels = labels_of(pq.read_table(path))
    source = _posts(folder, path)
    case = folder / "case"
    say("frametrace add, embed")
    run(command_line("add", case, source, "--json"), watched=False)
    signals = [part for name in SIGNALS for part in ("--signal", name)]
    ran = run(command_line("embed", case, *signals, "--json"), watched=False)
    say(f"frametrace match, after {ran.cpu:,.0f} s of embedding")
    ran = run(command_line("match", case, "--json"))
    say(f"  {ran.cpu:,.0f} s of processor time, in {ran.seconds:,.0f} s")
    results, matching = load_results(Case(case))
    return GroupScores.of(labels, results), results, matching, ran


def _posts(folder: Path, path: Path) -> Path:
    """Write the pictures, and a source with one post and one account for each."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    made_as = folder / "made_as.txt"
    if made_as.exists() and made_as.read_text("utf-8") != path.name:
        raise Stopped(f"{folder} holds a case of other pictures; name another folder")
    made_as.write_text(path.name, "utf-8")
    source = folder / "posts.jsonl"
    number = 0
    with source.open("w", encoding="utf-8") as file, pq.ParquetFile(path) as pictures:
        for batch in pictures.iter_batches(256, columns=["picture"]):
            for picture in batch["picture"]:
                name = f"pictures/{number:06}.jpg"
                (folder / name).write_bytes(picture.as_py())
                post = {
                    "platform": PLATFORMS[number % len(PLATFORMS)],
                    "post_id": f"{10**9 + number}",
                    "account_id": f"account-{number}",
                    "posted_at": f"2019-08-{1 + number % 28:02}T12:{number % 60:02}:00Z",
                    "media": [name],
                }
                file.write(json.dumps(post) + "\n")
                number += 1
    return source


def _photo_groups(scores: GroupScores) -> list[Finding]:
    recall = scores.recall(Role.EDIT)
    worst = min(recall, key=lambda edit: recall[edit].part)
    right = scores.relations()
    precision, every = scores.precision(), _sum(recall.values())
    return [
        _goal("pairs in photo groups that show one photograph", precision, "precision"),
        _goal("edits in one photo group with their original", every, "recall"),
        _goal(f"the same, the worst edit: {worst}", recall[worst], "worst edit"),
        _goal("edits and originals with the right relation", _sum(right.values()), "relation"),
    ]


def _templates(scores: GroupScores) -> list[Finding]:
    """Scenes are listed separately: their pictures have much in common, but no photograph."""
    confused = scores.confused()
    findings = []
    for what, scenes in (("one template, different photographs", False), ("one scene", True)):
        of = {kind: one for kind, one in confused.items() if (family_of(kind) == "scene") == scenes}
        worst = max(of, key=lambda kind: of[kind].part)
        whole = _sum(of.values())
        findings += [
            _limit(f"pairs of {what}, called `copy` or `contains`", whole, "called copies"),
            _limit(f"the same, the worst kind: {worst}", of[worst], "worst kind"),
        ]
    return findings


def _alterations(scores: GroupScores) -> list[Finding]:
    if (counts := scores.altered()) is None:
        return []
    reported, flagged = _sum(counts.reported.values()), _sum(counts.flagged.values())
    return [
        _goal("falsified pictures, reported at the right position", reported, "reported"),
        _limit("unaltered pictures reported as falsified", flagged, "flagged"),
    ]


def _sum(tallies: Iterable[Tally]) -> Tally:
    listed = list(tallies)
    return Tally(sum(one.count for one in listed), sum(one.of for one in listed))


def _goal(what: str, tally: Tally, goal: str) -> Finding:
    limit, part = GOALS[goal], tally.part
    ours = f"{part:.2%} ({tally})"
    return Finding(what, ours, f"goal: {100 * limit:g}%", part / limit, at_least=1)


def _limit(what: str, tally: Tally, goal: str) -> Finding:
    limit, part = GOALS[goal], tally.part
    ours = f"{part:.2%} ({tally})"
    return Finding(what, ours, f"limit: {100 * limit:g}%", part / limit, at_most=1)


def _remarks(scores: GroupScores, results: Results, matching: MatchRun, ran: Ran) -> list[str]:
    count = len(scores.labels)
    pictures, photographs = scores.largest()
    laps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in matching.seconds.items())
    remarks = [
        "All figures by edit, template and alteration: [groups.md](copies/results/groups.md).",
        f"{count:,} pictures: {_by_role(scores.labels)}. {results.groups.num_rows:,} groups.",
        "Pairs called `copy` or `contains`, wherever they are, that show one photograph: "
        f"{scores.match_precision().part:.2%} ({scores.match_precision()}).",
        f"The largest photo group holds {pictures:,} pictures, made of {photographs:,} "
        "photographs, charts or scenes.",
        _elements(scores),
        f"`match` took {1000 * ran.cpu / count:.1f} ms of processor time a picture, "
        f"{ran.seconds:,.0f} s in all; seconds by stage: {laps}.",
        "Pairs with their original that are in no match: "
        f"{scores.unlisted(Role.EDIT):,} of edits, which are not judged there, "
        f"{scores.unlisted(Role.ALTERED):,} of falsified pictures, "
        f"{scores.unlisted(Role.CONTROL):,} of controls.",
    ]
    if scores.altered() is None:
        remarks.append("Alterations: not there yet, matches have no column `altered`.")
    return remarks


def _elements(scores: GroupScores) -> str:
    if not scores.elements:
        return "There are no groups of kind `element`."
    largest = max(map(len, scores.elements))
    return (
        f"{len(scores.elements):,} groups of kind `element`, the largest of {largest:,} pictures."
    )


def _by_role(labels: Iterable[Label]) -> str:
    counts: dict[str, int] = {}
    for one in labels:
        counts[one.role] = counts.get(one.role, 0) + 1
    return _listed(counts)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
