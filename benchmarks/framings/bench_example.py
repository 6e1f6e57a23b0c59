"""Measures ranking posts by examples: which prototype is best, and what counter-examples add.

Two sets of labels: 1,085 real posts about 14 events, where the targets are one event (or two at
once, which is one framing in two guises); and 5,000 captions of 1,000 pictures, five people's words
for each (flickr8k), where the targets are the captions of one picture. Examples are drawn at
random; the average precision is that of the ranking of the rest, with contents weighted by their
posts.

The prototypes: the nearest example of each kind of evidence; the mean of the examples' caption
vectors; and half of each, which is what `frametrace framing` uses. The counter-examples are those
that a person would name on seeing the ranking: the first wrong ones in it.
"""

import csv
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from measuring import Finding, Stopped, conclude, options, say, shared_data

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.matcher.framing.by_example.example_scoring import ExampleScores, score_contents
from frametrace.matcher.framing.by_example.examples import ExamplePost, Examples, Framing
from frametrace.matcher.framing.by_example.framing_search import case_contents
from frametrace.matcher.framing.by_example.resolve_examples import (
    CaseContents,
    ResolvedExamples,
    resolve_examples,
)
from frametrace.matcher.framing.pair_similarity import Basis
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.posts.errors import ModelMissing
from frametrace.posts.media.media_library import MediaLibrary

PACKAGES = ("frametrace", "scikit-learn", "sentence-transformers", "numpy")
_SMALLEST = 9  # contents of an event that is a target
_MIN_RARITY = MatchSettings().min_decades


@dataclass(frozen=True, slots=True)
class Labelled:
    """A case, the label of each of its contents, and one post of each."""

    compared: CaseContents
    about: np.ndarray
    post: Sequence[ExamplePost]

    @classmethod
    def of(cls, case: Case, labels: Mapping[tuple[str, str], str]) -> "Labelled":
        """A case of labelled posts; each content has the label of most of its posts."""
        compared = case_contents(case)
        labels_of: dict[int, Counter[str]] = defaultdict(Counter)
        post: dict[int, ExamplePost] = {}
        for row in compared.contents.posts.to_pylist():
            labels_of[row["content"]][labels[row["platform"], row["post_id"]]] += 1
            post.setdefault(row["content"], ExamplePost(row["platform"], row["post_id"]))
        n = len(compared.contents)
        about = np.array([labels_of[at].most_common(1)[0][0] for at in range(n)])
        return cls(compared, about, [post[at] for at in range(n)])

    def given(self, like: Sequence[int], unlike: Sequence[int] = ()) -> ResolvedExamples:
        """Some contents as examples."""
        sides = (Examples(tuple(self.post[at] for at in side)) for side in (like, unlike))
        return resolve_examples(self.compared, Framing(*sides))

    def found(self, given: ResolvedExamples) -> ExampleScores:
        """The similarity of all contents to them."""
        everything = np.arange(len(self.about))
        return score_contents(given.fusion, everything, given.like, given.unlike, given.mean)


@dataclass(frozen=True, slots=True)
class Score:
    """The average precision; precision and recall of what belongs."""

    ranked: float
    precision: float
    recall: float

    @classmethod
    def of(
        cls, decades: np.ndarray, belongs: np.ndarray, right: np.ndarray, posts: np.ndarray
    ) -> "Score":
        """Scores (n,) contents: their rarities, which belong, which should, and their posts."""
        order = np.argsort(-decades, kind="stable")
        hits, seen = np.cumsum((right * posts)[order]), np.cumsum(posts[order])
        gained = (right * posts)[order]
        ranked = (hits / seen * gained).sum() / gained.sum()
        reported = (belongs * posts).sum()
        both = (belongs & right) @ posts
        return cls(
            float(ranked), float(both / reported) if reported else 1.0, float(both / gained.sum())
        )


def mean_of(scores: Sequence[Score]) -> Score:
    """The means of some scores."""
    return Score(*(float(np.mean([getattr(s, n) for s in scores])) for n in Score.__slots__))


def main() -> None:
    chosen = options(__doc__ or "")
    folder = shared_data()
    if folder is None:
        raise Stopped("../shared/data (or $FRAMETRACE_SHARED) is absent")
    rng = np.random.default_rng(chosen.seed)
    every = 10 if chosen.quick else 1
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="bench-example-") as place:
        try:
            events = _events(Path(place), folder / "real_edits", every)
            captions = _captions(Path(place), folder / "captions", every)
        except ModelMissing as missing:
            raise Stopped(str(missing)) from None
        sizes = Counter(events.about.tolist())
        names = sorted(name for name, size in sizes.items() if size >= _SMALLEST)
        one = [events.about == name for name in names]
        two = [np.isin(events.about, rng.choice(names, 2, False)) for _ in range(30)]
        of_picture = np.unique(captions.about)
        some = [captions.about == name for name in rng.permutation(of_picture)[:100]]
        tasks = (
            ("one event", events, one, (1, 3, 5), 8 if every == 1 else 1),
            ("two events", events, two, (2, 4, 6), 2 if every == 1 else 1),
            ("one picture's captions", captions, some, (1, 2, 3), 1),
        )
        for what, labelled, targets, many, rounds in tasks:
            for count in many:
                drawn = [*_draws(targets, count, rounds, rng)]
                findings += _prototypes(f"{what}, {count} examples", labelled, drawn)
                findings += _against(f"{what}, {count} examples", labelled, drawn)
    conclude("example", findings, [], PACKAGES, chosen)


def _case(place: Path, rows: Sequence[Mapping[str, Any]], pictures: Path | None) -> Case:
    place.mkdir()
    with (place / "posts.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    case = Case.create(place / "case")
    library = MediaLibrary([pictures] if pictures else [])
    add_sources(case, [place / "posts.jsonl"], library=library)
    signals = ("pdq", "local", "caption_key", "caption") if pictures else ("caption_key", "caption")
    embed(case, EmbedSettings(signals=signals))
    case = Case(case.path)
    if pictures:
        match_case(case)
    return case


def _events(place: Path, folder: Path, every: int) -> Labelled:
    lines = (folder / "posts.jsonl").read_text("utf-8").splitlines()[::every]
    rows = [json.loads(line) for line in lines]
    labels = {(row["platform"], row["post_id"]): row.pop("event") for row in rows}
    return Labelled.of(_case(place / "events", rows, folder), labels)


def _captions(place: Path, folder: Path, every: int) -> Labelled:
    with (folder / "flickr8k_test_en_zh.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))[: 5_000 // every]
    rows = [
        {"platform": "twitter", "post_id": str(at), "account_id": "a", "text": row["en"]}
        for at, row in enumerate(read)
    ]
    labels = {("twitter", str(at)): row["image"] for at, row in enumerate(read)}
    return Labelled.of(_case(place / "captions", rows, None), labels)


def _draws(
    targets: Sequence[np.ndarray], count: int, rounds: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, list[int]]]:
    for target in targets:
        at = np.flatnonzero(target)
        if len(at) >= count + 2:
            for _ in range(rounds):
                yield target, rng.choice(at, count, False).tolist()


def _prototypes(
    what: str, labelled: Labelled, drawn: Sequence[tuple[np.ndarray, list[int]]]
) -> list[Finding]:
    scores: dict[str, list[Score]] = defaultdict(list)
    for target, like in drawn:
        given = labelled.given(like)
        for name, decades in _rankings(labelled, given).items():
            scores[name].append(_score(labelled, decades, decades >= _MIN_RARITY, target, like))
    means = {name: mean_of(each) for name, each in scores.items()}
    ours = means.pop("ours")
    for name, score in means.items():
        say(f"  {what}: {_text(ours)}; {name} {_text(score)}")
    return [
        Finding(what, _text(ours), f"{name}: {_text(score)}", ours.ranked / score.ranked)
        for name, score in means.items()
    ]


def _rankings(labelled: Labelled, given: ResolvedExamples) -> dict[str, np.ndarray]:
    """The rarities by each prototype."""
    nearest = labelled.found(replace(given, mean=None))
    if given.mean is None:
        return {"ours": nearest.rarity, "the nearest alone": nearest.rarity}
    n = len(labelled.about)
    mean = given.fusion.compare(np.full(n, given.mean), np.arange(n)).captions.rarity
    captions = nearest.evidence.captions
    rest = nearest.rarity - captions.rarity
    by_mean = np.where(captions.basis == Basis.CAPTION, mean, captions.rarity) + rest
    return {
        "ours": labelled.found(given).rarity,
        "the nearest alone": nearest.rarity,
        "the mean alone": by_mean,
    }


def _against(
    what: str, labelled: Labelled, drawn: Sequence[tuple[np.ndarray, list[int]]]
) -> list[Finding]:
    findings = []
    for count in (1, 3):
        with_them, without = [], []
        for target, like in drawn:
            alone = labelled.found(labelled.given(like))
            wrong = np.flatnonzero(~target)
            unlike = wrong[np.argsort(-alone.rarity[wrong], kind="stable")[:count]].tolist()
            found = labelled.found(labelled.given(like, unlike))
            left = [*like, *unlike]
            belongs = (found.rarity >= _MIN_RARITY) & ~found.opposed
            with_them.append(_score(labelled, found.rarity, belongs, target, left))
            belongs = alone.rarity >= _MIN_RARITY
            without.append(_score(labelled, alone.rarity, belongs, target, left))
        ours, before = mean_of(with_them), mean_of(without)
        worst = min(a.ranked - b.ranked for a, b in zip(with_them, without, strict=True))
        name = f"{what}, {count} counter-examples (worst draw {worst:+.2f})"
        say(f"  {name}: {_text(ours)}; without {_text(before)}")
        findings.append(
            Finding(
                name,
                _text(ours),
                f"without: {_text(before)}",
                ours.ranked / before.ranked,
                at_least=0.99,
            )
        )
    return findings


def _score(
    labelled: Labelled,
    decades: np.ndarray,
    belongs: np.ndarray,
    target: np.ndarray,
    named: Sequence[int],
) -> Score:
    """Scores of the ranking without the examples."""
    kept = np.ones(len(decades), bool)
    kept[[*named]] = False
    posts = labelled.compared.contents.post_counts[kept]
    return Score.of(decades[kept], belongs[kept], target[kept], posts)


def _text(score: Score) -> str:
    return f"AP {score.ranked:.3f} (belonging: {score.precision:.3f} / {score.recall:.3f})"


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
