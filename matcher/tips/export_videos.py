"""Makes the items of a tip that are videos: hashes and local features of a few of their frames."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.case.with_frames import WithFrames
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import Pdq
from frametrace.matcher.saved_results import results_before
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.export_items import POSTS_OF_ITEM, Disclosure, item_document
from frametrace.matcher.tips.telling_frames import (
    TellingFrame,
    TellingVideo,
    evenly_spread,
    telling_videos,
)
from frametrace.matcher.tips.tip_model import VIDEO, ItemKind
from frametrace.matcher.tips.tip_signals import features_to_send, has_signal

__all__ = ["MAX_FRAMES_WITH_FEATURES", "VideoItems", "frames_with_features", "video_signal"]

MAX_FRAMES_WITH_FEATURES = 8  # of a video: 8 kB each, as much as 50 hashes; not tuned

_ITEMS = f"""
SELECT '{ItemKind.VIDEO}' AS kind, v.id, {POSTS_OF_ITEM}
FROM selected JOIN videos v USING (sha256) WHERE kind = '{ItemKind.VIDEO}'
GROUP BY v.id ORDER BY min(sha256)
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class VideoItems:
    """The videos of a tip: the rows of its items, and the signals of each by its id.

    Videos with the same frames are one item.
    """

    rows: Sequence[Mapping[str, Any]] = ()
    signals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case, selected: pa.Table, *, hashes_only: bool) -> Self:
        """The selected videos, in the schema `SELECTED_POSTS`; those without signals left out.

        What the newest match run found to be an element of them is left out as well.
        """
        chosen = selected.filter(pc.equal(selected["kind"], str(ItemKind.VIDEO)))
        if not chosen.num_rows or not has_signal(case, Pdq.name, of_frames=True):
            return cls()
        results, _ = results_before(case, case.epoch.number + 1)
        matches = results.video_matches if results is not None else None
        videos = telling_videos(case, pc.unique(chosen["sha256"]), matches)
        features = {} if hashes_only else frames_with_features(case, videos)
        signals, ids = {}, {}
        for video in videos:
            content = {VIDEO: video_signal(video, features)}
            ids[video.sha256] = short_digest(content)
            signals[ids[video.sha256]] = content
        named = pa.table(
            {
                "sha256": pa.array(ids.keys(), pa.string()),
                "id": pa.array(ids.values(), pa.string()),
            }
        )
        with query_over(selected=chosen, videos=named) as connection:
            return cls(connection.sql(_ITEMS).to_arrow_table().to_pylist(), signals)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def digests(self) -> list[list[str]]:
        """The digests of the videos behind each item."""
        return [row["digests"] for row in self.rows]

    def signal_names(self) -> set[str]:
        """The signals that the frames have."""
        frames = [frame for content in self.signals.values() for frame in content[VIDEO]["frames"]]
        return {name for frame in frames for name in (Pdq.name, Local.name) if name in frame}

    def documents(self, disclosure: Disclosure) -> Iterator[dict[str, Any]]:
        """The items one by one."""
        for row in self.rows:
            yield item_document(row, self.signals[row["id"]], disclosure)


def video_signal(video: TellingVideo, features: Mapping[str, str]) -> dict[str, Any]:
    """A video as an item's signals hold it; `features`, in base64, are by digest of the frame."""
    return {
        "duration": video.duration,
        "frames": [_frame(frame, features.get(frame.digest)) for frame in video.frames],
    }


def _frame(frame: TellingFrame, features: str | None) -> dict[str, Any]:
    shown = [list(times) for times in zip(frame.shown[::2], frame.shown[1::2], strict=True)]
    hashed = {"pdq": {"hash": frame.pdq.hex(), "quality": frame.quality}, "shown": shown}
    return {**hashed, "local": features} if features else hashed


def frames_with_features(case: Case, videos: Sequence[TellingVideo]) -> Mapping[str, str]:
    """Local features of a few frames of each video, spread over its time, in base64, by digest."""
    if not has_signal(case, Local.name, of_frames=True):
        return {}
    view = WithFrames(case, pictures=True)
    digests = [frame.digest for video in videos for frame in video.frames]
    features = features_to_send(view, pa.array(digests, pa.string()))
    chosen: dict[str, str] = {}
    for video in videos:
        able = [frame for frame in video.frames if frame.digest in features]
        for frame in evenly_spread(able, video.duration, MAX_FRAMES_WITH_FEATURES):
            chosen[frame.digest] = features[frame.digest]
    return chosen
