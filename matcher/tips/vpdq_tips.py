"""Converts between tips and vPDQ feature files, and writes such files of a case's videos."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.atomic_files import replacing_output
from frametrace.case.store import Case
from frametrace.embed.signals.pdq import MIN_QUALITY, Pdq
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.export_videos import video_signal
from frametrace.matcher.tips.hash_lists import ConvertedList
from frametrace.matcher.tips.signed_documents import TIP_WITH_VIDEOS, write_document
from frametrace.matcher.tips.telling_frames import TellingFrame, TellingVideo, evenly_spread
from frametrace.matcher.tips.tip_model import (
    FINGERPRINTS,
    MAX_DURATION,
    MAX_FRAMES,
    VIDEO,
    Head,
    ItemKind,
    Tip,
    Tlp,
    program_version,
)
from frametrace.matcher.tips.vpdq_files import (
    VpdqFeatures,
    features_of_track,
    read_vpdq,
    vpdq_signal,
    write_vpdq,
)
from frametrace.posts.errors import TipError, UsageError

__all__ = ["tip_from_vpdq", "vpdq_from_case", "vpdq_from_tip", "write_features"]

_SAME_FRAME = 10  # bits of 256 by which features in a row may differ from the first; not tuned
_LAST = 1000  # ms that the last frame is shown: vPDQ's own files have one frame a second


def tip_from_vpdq(
    source: Path, out: Path, *, made_by: str = "", tlp: Tlp = Tlp.AMBER, key: Path | None = None
) -> ConvertedList:
    """Write the video of a vPDQ feature file as a tip with one item.

    Features in a row that hardly differ are one frame. Flat frames are left out, and of very long
    videos all but `MAX_FRAMES`, spread over their time. Raises `TipError` for a file that can't be
    read, and for a video without frames of a usable quality or over ten days long.
    """
    frames, duration = _frames(source, read_vpdq(source))
    chosen = tuple(evenly_spread(frames, duration, MAX_FRAMES))
    signals = {VIDEO: video_signal(TellingVideo("", duration, chosen), {})}
    item = {"id": f"{ItemKind.VIDEO}-{short_digest(signals)}", "signals": signals, "counts": []}
    head = Head(
        made_by=made_by,
        program=program_version(),
        tlp=tlp,
        signals={Pdq.name: {"fingerprint": FINGERPRINTS[Pdq.name]}},
    )
    sha256 = write_document(out, TIP_WITH_VIDEOS, head.to_json(), [item], key)
    return ConvertedList(sha256=sha256, hashes=len(chosen), tlp=tlp)


def _frames(source: Path, features: VpdqFeatures) -> tuple[list[TellingFrame], int]:
    """The frames of usable quality, when each is shown, and the duration in ms."""
    firsts = [0]
    for at in range(1, len(features)):
        differing = features.hashes[at] ^ features.hashes[firsts[-1]]
        if np.bitwise_count(differing).sum() > _SAME_FRAME:
            firsts.append(at)
    duration = int(features.times[-1]) + _LAST
    if duration > MAX_DURATION:
        raise TipError(f"{source}: a video of over ten days can't be sent; are its times seconds?")
    ends = [*features.times[firsts[1:]].tolist(), duration]
    frames = [
        TellingFrame(
            f"{at:09}",
            features.hashes[at].tobytes(),
            int(features.qualities[at]),
            (int(features.times[at]), end),
        )
        for at, end in zip(firsts, ends, strict=True)
        if features.qualities[at] >= MIN_QUALITY and end > features.times[at]
    ]
    if not frames:
        raise TipError(
            f"{source} has no frame with a quality of {MIN_QUALITY} or more: such a video can't be "
            "told from others by hashes"
        )
    return frames, duration


def vpdq_from_tip(tip: Tip) -> VpdqFeatures:
    """The frames of a tip's one video at the times when each is first shown.

    Raises `UsageError` if the tip has no video or several: a feature file holds one.
    """
    videos = pc.count_distinct(tip.frames["item"]).as_py()
    if videos != 1:
        raise UsageError(
            f"a vPDQ file holds one video, but the tip has {videos:,}: name a file for a list of "
            "hashes, such as .csv"
        )
    rows = sorted(
        tip.frames.select(["shown", "pdq", "quality"]).to_pylist(), key=lambda row: row["shown"]
    )
    return features_of_track(
        [row["shown"][0] for row in rows],
        b"".join(row["pdq"] for row in rows),
        bytes(row["quality"] for row in rows),
    )


def vpdq_from_case(case: Case, name: str) -> VpdqFeatures:
    """The hashes of a case's video at regular times.

    `name` is the beginning of its SHA-256, its path in its folder, or its file name. Raises
    `UsageError` if there is no such video, or several.
    """
    media = case.read("media", ["sha256", "path"])
    videos = case.read("videos", ["sha256"])["sha256"].combine_chunks()
    media = media.filter(pc.is_in(media["sha256"], value_set=videos))
    found = sorted(
        row["sha256"]
        for row in media.to_pylist()
        if row["sha256"].startswith(name.lower())
        or row["path"] == name
        or row["path"].endswith(f"/{name}")
    )
    if not name or len(set(found)) != 1:
        count = f"{len(set(found)):,} videos" if found else "no video"
        raise UsageError(
            f"the case has {count} of the name {name!r}: name one by its file or its SHA-256, as "
            "groups.csv of the report has them"
        )
    columns = ["sha256", "sample_ms", "hashes", "qualities"]
    table = case.read("videos", columns)
    (row,) = table.filter(pc.equal(table["sha256"], pa.scalar(found[0]))).to_pylist()
    return features_of_track(row["sample_ms"], row["hashes"], row["qualities"])


def write_features(out: Path, features: VpdqFeatures) -> None:
    """Write a feature file as lines or, if `out` ends in .json, as ThreatExchange's JSON."""
    if out.suffix.lower() != ".json":
        write_vpdq(out, features)
        return
    with replacing_output(out) as file:
        file.write(vpdq_signal(features).encode("ascii") + b"\n")
