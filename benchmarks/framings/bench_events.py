"""Compares framing groups of real posts with the events that the posts are about.

1,085 posts of two platforms about 14 events, most of them with a caption and one of 54 pictures.
The event is a coarse label: a framing is narrower, so recall can't be complete, but precision
should be. B-cubed (Bagga and Baldwin 1998): for each post, the fraction of its group that is about
its event, and the fraction of its event that is in its group; a post in no group is its own group.

Cases are made of the same posts with some of their content: captions alone, pictures alone. The
peers get the captions' vectors, once for each distinct text.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from measuring import Finding, Stopped, conclude, options, say, shared_data

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings, ModelChoice
from frametrace.embed.stage import embed
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results
from frametrace.posts.errors import ModelMissing
from frametrace.posts.media.media_library import MediaLibrary

GOALS = {"precision": 0.9, "recall": 0.6}
PACKAGES = ("frametrace", "scikit-learn", "scikit-network", "sentence-transformers", "rapidocr")
_PHOTOS = ("pdq", "local")
_KEYS, _READ = ("caption_key",), ("caption_key", "caption")

Row = Mapping[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Variant:
    """A case with some of the posts' content, and the groups that count."""

    name: str
    signals: tuple[str, ...]
    captions: bool = True
    pictures: bool = True
    kind: GroupKind = GroupKind.FRAMING


VARIANTS = (
    Variant("caption keys alone", _KEYS, pictures=False),
    Variant("captions: keys and vectors", _READ, pictures=False),
    Variant("OCR text alone", ("overlay", *_READ), captions=False),
    Variant("photo groups", _PHOTOS, captions=False, kind=GroupKind.PHOTO),
    Variant("captions and photos", (*_PHOTOS, *_READ)),
    Variant("all: captions, OCR text, photos", (*_PHOTOS, "overlay", *_READ)),
)


@dataclass(frozen=True, slots=True)
class BCubed:
    """Means over all posts."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    def __str__(self) -> str:
        return f"F1 {self.f1:.3f} (precision {self.precision:.3f}, recall {self.recall:.3f})"


def bcubed(groups: Sequence[frozenset[Key]], labels: Mapping[Key, str]) -> BCubed:
    """B-cubed of groups that may overlap (Amigó and others 2009, 5.2) against single labels.

    Of two posts in more than one common group the first counts: a pair is together or it isn't.
    """
    together: dict[Key, set[Key]] = {post: {post} for post in labels}
    for group in groups:
        for post in group:
            together[post] |= group
    size = Counter(labels.values())
    right = {
        post: sum(labels[other] == labels[post] for other in others)
        for post, others in together.items()
    }
    precision = np.mean([right[post] / len(together[post]) for post in labels])
    recall = np.mean([right[post] / size[labels[post]] for post in labels])
    return BCubed(float(precision), float(recall))


def main() -> None:
    chosen = _options()
    folder = shared_data()
    if folder is None or not (folder / "real_edits" / "posts.jsonl").is_file():
        raise Stopped("../shared/data/real_edits (or $FRAMETRACE_SHARED) is absent")
    lines = (folder / "real_edits" / "posts.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines][:: 10 if chosen.quick else 1]
    labels = {(row["platform"], row["post_id"]): row["event"] for row in rows}
    models = ModelChoice(
        {name: getattr(chosen, name) for name in ("clip_model", "clip_weights", "caption_model")}
    )
    variants = list(VARIANTS)
    if chosen.clip_weights:
        variants += [
            Variant("looks alone (CLIP)", (*_PHOTOS, "clip"), captions=False),
            Variant("all, and looks (CLIP)", (*_PHOTOS, "overlay", "clip", *_READ)),
        ]
    found: dict[str, BCubed] = {}
    remarks = []
    for variant in variants:
        try:
            results = _matched(variant, rows, folder / "real_edits", models)
        except ModelMissing as missing:
            remarks.append(f"{variant.name} is left out: {missing}")
            continue
        found[variant.name] = bcubed(_groups(results, variant.kind), labels)
        say(f"  {variant.name}: {found[variant.name]}")
    for name, groups in _peers(rows, models).items():
        found[name] = bcubed(groups, labels)
        say(f"  {name}: {found[name]}")
    if not chosen.clip_weights:
        remarks.append(
            "No CLIP weights were given (--clip-weights): image similarity is not measured."
        )
    remarks.append(_at_other_thresholds(rows, folder / "real_edits", models, labels))
    conclude("events", _findings(found), remarks, PACKAGES, chosen)


def _options() -> argparse.Namespace:
    """The options of every benchmark, and the models."""
    models = argparse.ArgumentParser(add_help=False)
    for name in ("clip-model", "clip-weights", "caption-model"):
        models.add_argument(f"--{name}", default="")
    given, rest = models.parse_known_args()
    sys.argv[1:] = rest
    return argparse.Namespace(**vars(options(__doc__ or "")), **vars(given))


def _case(
    folder: Path, variant: Variant, rows: Iterable[Row], pictures: Path, models: ModelChoice
) -> Case:
    """A case of the variant's parts of the posts, embedded."""
    source = folder / "posts.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for row in rows:
            kept = {name: value for name, value in row.items() if name != "event"}
            kept |= {} if variant.captions else {"text": ""}
            kept |= {} if variant.pictures else {"media": []}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")
    case = Case.create(folder / "case")
    add_sources(case, [source], library=MediaLibrary([pictures]))
    embed(case, EmbedSettings(signals=variant.signals, models=models))
    return Case(case.path)


def _matched(
    variant: Variant,
    rows: Iterable[Row],
    pictures: Path,
    models: ModelChoice,
    settings: MatchSettings = MatchSettings(),
) -> Results:
    with tempfile.TemporaryDirectory(prefix="bench-events-") as folder:
        return match_case(_case(Path(folder), variant, rows, pictures, models), settings)[0]


def _groups(results: Results, kind: GroupKind) -> list[frozenset[Key]]:
    groups: dict[str, set[Key]] = defaultdict(set)
    for row in results.members.select(
        ["group_id", "kind", "relation", "platform", "post_id"]
    ).to_pylist():
        if row["kind"] == kind and row["relation"] in ("copy", "similar"):
            groups[row["group_id"]].add((row["platform"], row["post_id"]))
    return [frozenset(posts) for posts in groups.values()]


def _at_other_thresholds(
    rows: Sequence[Row], pictures: Path, models: ModelChoice, labels: Mapping[Key, str]
) -> str:
    """How the result depends on the threshold, in the case with all content."""
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="bench-events-") as folder:
        case = _case(Path(folder), VARIANTS[-2], rows, pictures, models)
        for least in (2.5, 3.0, 3.5, 4.0, 5.0):
            results, _ = match_case(case, MatchSettings(min_decades=least))
            score = bcubed(_groups(results, GroupKind.FRAMING), labels)
            outcomes.append(f"{least:g}: {score.precision:.3f} / {score.recall:.3f}")
    return f"Precision / recall of captions and photos by --min-decades: {'; '.join(outcomes)}."


def _peers(rows: Sequence[Row], models: ModelChoice) -> dict[str, list[frozenset[Key]]]:
    """Common ways to group by sentence vectors alone."""
    try:
        from frametrace.embed.signals.caption import Caption

        signal = Caption.open(models)
    except ModelMissing:
        return {}
    posts: dict[str, set[Key]] = defaultdict(set)
    for row in rows:
        posts[row["text"]].add((row["platform"], row["post_id"]))
    texts = sorted(posts)
    values = signal.compute(texts)["code"].to_pylist()
    known = [at for at, value in enumerate(values) if value is not None]
    vectors = np.array([values[at] for at in known], np.float32)
    owners = [posts[texts[at]] for at in known]
    return {
        "peer: sentence-transformers community_detection, cosine 0.75": _joined(
            _by_community_detection(vectors), owners
        ),
        "peer: HDBSCAN on the vectors (as BERTopic clusters), 5 texts or more": _joined(
            _by_hdbscan(vectors), owners
        ),
    }


def _by_community_detection(vectors: np.ndarray) -> list[list[int]]:
    from sentence_transformers.util import community_detection

    found: list[list[int]] = community_detection(vectors, threshold=0.75, min_community_size=2)
    return found


def _by_hdbscan(vectors: np.ndarray) -> list[list[int]]:
    from sklearn.cluster import HDBSCAN

    labels = HDBSCAN(min_cluster_size=5, copy=True).fit_predict(vectors)
    return [np.flatnonzero(labels == at).tolist() for at in range(labels.max(initial=-1) + 1)]


def _joined(clusters: Iterable[Iterable[int]], owners: Sequence[set[Key]]) -> list[frozenset[Key]]:
    return [frozenset().union(*(owners[at] for at in cluster)) for cluster in clusters]


def _findings(found: Mapping[str, BCubed]) -> list[Finding]:
    """Every variant beside the best of its parts."""
    whole = next(name for name in reversed(found) if name.startswith("all"))
    parts = {n: s for n, s in found.items() if n != whole and not n.startswith("peer")}
    best = max(parts, key=lambda name: parts[name].f1)
    rows = [
        Finding(name, str(score), f"{whole}: F1 {found[whole].f1:.3f}", score.f1 / found[whole].f1)
        for name, score in found.items()
        if name != whole
    ]
    fused = found[whole]
    return [
        *rows,
        Finding(
            f"{whole}: beside its best part",
            str(fused),
            f"{best}: F1 {parts[best].f1:.3f}",
            fused.f1 / parts[best].f1,
            at_least=1,
        ),
        *(
            Finding(
                f"{whole}: {measure}",
                f"{getattr(fused, measure):.3f}",
                f"goal: {goal}",
                getattr(fused, measure) / goal,
                at_least=1,
            )
            for measure, goal in GOALS.items()
        ),
    ]


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
