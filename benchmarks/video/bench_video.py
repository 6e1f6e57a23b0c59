"""Measures which videos are found again after 20 edits, where in time, and what is tied wrongly.

Originals are photographs under a moving camera and real clips that packages ship. Each of 20 edits
at three strengths is made of some of them; other videos share no more than a title sequence, a
studio, a banner, an app, a style of slides or a test picture; stills are edited as memes are. The
command line adds, embeds and matches all of them as posts; vPDQ's rule, PDQ of ten frames and
TMK judge the same files. One half of the photographs is for tuning, the other for judging.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parents[1]))

from copies.kinds import Half
from measuring import Finding, Stopped, conclude, options, say
from video.clip_edits import EDITS, STRENGTHS
from video.our_videos import Stages, ours
from video.tmk_peer import tmk
from video.truth import Made, Role
from video.video_peers import VPDQ, ten_frames, tracks_of, vpdq
from video.video_scores import Scores
from video.video_set import FULL, QUICK, video_set

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("frametrace", "av", "opencv-python-headless", "numpy", "pillow")
GOALS = {"recall": 0.97, "precision": 0.99, "stills": 0.97, "span": 500, "elements": 0.005}


def main() -> None:
    chosen = options(__doc__ or "", _more)
    if chosen.keep is not None:
        _measure(chosen.keep, chosen)
    else:
        with tempfile.TemporaryDirectory(prefix="bench-video-") as name:
            _measure(Path(name), chosen)


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--half",
        type=Half,
        choices=[Half.TUNE, Half.JUDGE],
        default=Half.JUDGE,
        help="of photographs and templates: one to tune by, the other to judge by",
    )
    parser.add_argument("--keep", type=Path, help="make the videos here, and leave them there")
    parser.add_argument("--clips", type=Path, help="a folder with more real clips, as originals")
    parser.add_argument("--peers", action="store_true", help="measure the peers alone")
    parser.add_argument("--wrong", action="store_true", help="list what is tied wrongly or missed")


def _measure(folder: Path, chosen: argparse.Namespace) -> None:
    size = QUICK if chosen.quick else FULL
    media = video_set(folder, chosen.half, size, chosen.seed, chosen.clips)
    stages = None
    methods = []
    if not chosen.peers:
        called, stages = ours(folder, media)
        methods.append(Scores(media, called))
    tracks = tracks_of(folder, media)
    peers = [vpdq(media, tracks), ten_frames(media, tracks), tmk(folder, media)]
    methods += [Scores(media, peer) for peer in peers if peer is not None]
    table = "\n".join(_table(methods))
    if chosen.write_results:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "edits.md").write_text(table + "\n", "utf-8")
    elif not chosen.json:
        print(table)
    if chosen.wrong:
        say("\n".join(["tied wrongly:", *methods[0].wrong(), "missed:", *methods[0].missed()]))
    remarks = [*_remarks(media, methods), *([] if stages is None else _costs(media, stages))]
    conclude("video", _findings(methods), remarks, PACKAGES, chosen)


def _findings(methods: Sequence[Scores]) -> list[Finding]:
    """The table of goals: the first method beside vPDQ's rule."""
    main_ = methods[0]
    peer = next(scores for scores in methods if _name(scores) == VPDQ)
    found = [
        _above("copies found, 5 s and more in common", "recall", _recall, main_, peer),
        *(
            _above(f"the same, {STRENGTHS[at]}", "", _recall_of(at), main_, peer)
            for at in sorted({made.strength for made in main_.media if made.role is Role.EDIT})
        ),
        _above("of the ties, copies", "precision", _precision, main_, peer),
        _above("copies found where 99 % of the ties are", "", _at_precision, main_, peer),
        _above("stills found with the right second ± 1 s", "stills", _stills, main_, peer),
    ]
    starts, ends, _, _ = main_.span_errors()
    for what, errors in (("start", starts), ("end", ends)):
        middle = statistics.median(errors) if errors else float("inf")
        goal = GOALS["span"]
        shown = f"{middle / 1000:.2f} s"
        found.append(
            Finding(f"{what} of spans: median error", shown, "goal: 0.5 s", middle / goal, None, 1)
        )
    tied, of = _all_elements(main_)
    theirs, _ = _all_elements(peer)
    limit = f"goal: {GOALS['elements']:.1%}; {_name(peer)}: {theirs / max(of, 1):.1%}"
    part = tied / max(of, 1)
    found.append(
        Finding(
            f"tied by a shared element alone, of {of:,} pairs",
            f"{part:.1%}",
            limit,
            part / GOALS["elements"],
            at_most=1,
        )
    )
    return found


def _above(
    what: str, goal: str, measure: Callable[[Scores], float], ours_: Scores, peer: Scores
) -> Finding:
    """One share beside the peer's; the goal, if there is one, is a least value."""
    value, beside = measure(ours_), measure(peer)
    shown = f"{_name(peer)}: {beside:.1%}"
    if not goal:
        return Finding(what, f"{value:.1%}", shown, value / max(beside, 1e-9))
    least = GOALS[goal]
    shown = f"goal: {least:.0%}; {shown}"
    return Finding(what, f"{value:.1%}", shown, value / least, at_least=1)


def _name(scores: Scores) -> str:
    return scores.called.name


def _part(counts: tuple[int, int]) -> float:
    return counts[0] / max(counts[1], 1)


def _recall(scores: Scores) -> float:
    return _part(scores.recall())


def _recall_of(strength: int) -> Callable[[Scores], float]:
    return lambda scores: _part(scores.recall(strength=strength))


def _precision(scores: Scores) -> float:
    return _part(scores.precision())


def _at_precision(scores: Scores) -> float:
    return scores.recall_at_precision()


def _stills(scores: Scores) -> float:
    right, _, count = scores.stills()
    return right / max(count, 1)


def _all_elements(scores: Scores) -> tuple[int, int]:
    counts = scores.elements().values()
    return sum(tied for tied, _ in counts), sum(of for _, of in counts)


def _table(methods: Sequence[Scores]) -> list[str]:
    """Copies found by edit and strength, and pairs tied by kind of shared element."""
    names = [_name(scores) for scores in methods]
    used = sorted({made.strength for made in methods[0].media if made.role is Role.EDIT})
    heads = [f"{name}, {STRENGTHS[at]}" for name in names for at in used]
    lines = ["Copies found, of their original:", "", _row(["edit", *heads])]
    lines.append(_row(["---"] * (1 + len(heads))))
    for edit in EDITS:
        counts = [scores.recall(edit, at) for scores in methods for at in used]
        lines.append(_row([edit, *(f"{found} of {of}" for found, of in counts)]))
    lines += ["", "Pairs tied that share an element and nothing else:", ""]
    lines += [_row(["element", *names]), _row(["---"] * (1 + len(names)))]
    by_method = [scores.elements() for scores in methods]
    for kind in by_method[0]:
        counts = [tied[kind] for tied in by_method]
        lines.append(_row([kind, *(f"{tied} of {of}" for tied, of in counts)]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _remarks(media: Sequence[Made], methods: Sequence[Scores]) -> list[str]:
    counts = {role: sum(made.role is role for made in media) for role in Role}
    remarks = [
        "Media: " + ", ".join(f"{count} {role}" for role, count in counts.items()) + ".",
        "By edit and by element: [edits.md](video/results/edits.md).",
    ]
    for scores in methods:
        found, of = scores.recall()
        true, ties = scores.precision()
        others, all_others = scores.others()
        right, tied, stills = scores.stills()
        wrong, still_ties = scores.false_stills()
        remarks.append(
            f"{scores.called.name}: {found} of {of} edits, {true} of {ties} ties are copies; of "
            f"{all_others} other pairs with 5 s in common {others}; {tied} of {stills} stills, "
            f"{right} with the right second, {wrong} of {still_ties} ties of stills are wrong; "
            f"{_part(_all_elements(scores)):.1%} of the pairs that share an element alone."
        )
    lengths = methods[0].still_lengths()
    _, _, missed, stretches = methods[0].span_errors()
    if lengths:
        middle = statistics.median(lengths) / 1000
        remarks.append(f"Stills were found in spans of {middle:.1f} s in the median.")
    remarks.append(f"Of {stretches} stretches in common of 2 s and more {missed} have no span.")
    return remarks


def _costs(media: Sequence[Made], stages: Stages) -> list[str]:
    shown = sum(made.spans[0].end for made in media if made.role is not Role.STILL) / 1000
    embed, match = stages.embed, stages.match
    return [
        f"About {shown / 60:.0f} minutes of video: embed {embed.cpu:,.0f} s of processor time "
        f"({shown / max(embed.cpu, 1e-9):.0f} times as fast as they play on a core), match "
        f"{match.cpu:,.0f} s, {match.tree / 2**30:.2f} GiB; the case has "
        f"{stages.size / 2**20:.0f} MiB."
    ]


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
