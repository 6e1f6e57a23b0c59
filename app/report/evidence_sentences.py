"""Says why a post belongs to its group: in one sentence, and in a short label."""

from collections.abc import Mapping
from typing import Any

from frametrace.app.output.edit_words import alterations, what_happened
from frametrace.app.output.video_words import frames_agree, is_still
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.local import Local
from frametrace.matcher.result_schemas import GroupKind, Relation

__all__ = ["EVIDENCE_KINDS", "in_common", "label", "sentence"]

# How the kinds of evidence in `tied_by` are shown.
EVIDENCE_KINDS = {
    "caption and lettering": "a caption and text in a picture",
    "lettering": "text in pictures",
}

_LISTED = {Relation.CONTAINS: "inside a larger picture", Relation.PART: "cut out"}
_VIDEOS_LISTED = {Relation.CONTAINS: "inside a longer video", Relation.PART: "a part of it"}
_THROUGH = {Relation.CONTAINS: "contains", Relation.PART: "is cut out of"}
_IDENTICAL = 0.995  # rounds to 1.00
_MAX_RARITY = 9  # −log₁₀ p; above, the number is only a bound


def sentence(member: Mapping[str, Any]) -> str:
    """Which signal ties a row of the members table to its group, and how closely."""
    if member.get("tied_by") is not None:
        return _to_framing(member)
    tied, via = _tie(member), member["via_sha256"]
    altered = alterations(member) if member["signal"] != Local.name else ""
    rest = f"; {altered}" if altered else ""
    if via is None:
        return f"{tied}{rest}"
    word = "with" if member["signal"] == Local.name else "from"
    is_copy = member["signal"] != Local.name  # of the one that it is tied through
    what = _THROUGH.get(member["relation"], "is tied to") if is_copy else "is tied to"
    return f"{tied} {word} {via[:12]}, which {what} the group's own{rest}"


def label(member: Mapping[str, Any]) -> str:
    """The label below a member's thumbnail."""
    if member["signal"] == "sha256":
        return "medoid"
    if member.get("spans"):
        return _video_label(member)
    if short := _LISTED.get(member["relation"]):
        return short
    tied = f"{member['similarity']:.2f}"
    if member["signal"] == Local.name:
        tied = f"{member['inliers']:,} features"
    elif member["distance"] is not None:
        tied = f"{member['distance']} bits"
    if alterations(member):
        tied += ", altered"
    return tied if member["via_sha256"] is None else f"{tied} from another"


def _video_label(member: Mapping[str, Any]) -> str:
    """The label of a video, or of a picture that is tied to one."""
    still_a, still_b = (is_still(member["spans"], side) for side in "ab")
    if still_a:
        short = "shows the picture"
    elif still_b:
        short = "in the video"
    else:
        short = _VIDEOS_LISTED.get(member["relation"]) or frames_agree(member)
    if alterations(member):
        short += ", altered"
    return short if member["via_sha256"] is None else f"{short}, from another"


def _to_framing(member: Mapping[str, Any]) -> str:
    """What a post of a framing has in common with the post that ties it in."""
    ties = member["tied_by"]
    rare = f"as rare as 1 in {_one_in(member['decades'])} unrelated pairs"
    together = "together " if len(ties) > 1 else ""
    via = f"{member['via_platform']} {member['via_post_id']}"
    return f"tied to {via}: {', '.join(map(in_common, ties))}; {together}{rare}"


def _one_in(rarity: float) -> str:
    """10 to the power of the rarity, to one digit: it is only an order of magnitude."""
    if rarity >= _MAX_RARITY:
        return f"over {10**_MAX_RARITY:,}"
    digits = max(int(rarity), 0)
    return f"{round(10 ** (rarity - digits)) * 10**digits:,}"


def _contents(member: Mapping[str, Any]) -> str:
    columns = {"words": "text", "pictures": "media_sha256"}
    return " and ".join(name for name, column in columns.items() if member[column])


def in_common(tie: Mapping[str, Any]) -> str:
    """What two posts have in common, by one entry of `tied_by`."""
    kind, signal, similarity = tie["kind"], tie["signal"], tie["similarity"]
    if signal == "photo":
        return "the same photo"
    shown = EVIDENCE_KINDS.get(kind, kind)
    if signal == CaptionKey.name:
        if similarity >= _IDENTICAL:
            return f"{shown} in the same words"
        return f"{shown} in similar words (Jaccard {similarity:.2f})"
    how = "that look alike" if kind == "pictures" else "of similar meaning"
    return f"{shown} {how} (cosine {similarity:.2f})"


def _tie(member: Mapping[str, Any]) -> str:
    picture = member["media_sha256"] is not None
    signal = member["signal"]
    if signal == "sha256":
        file = "video" if member.get("is_video") else "picture"
        own = f"{file}, byte for byte" if picture else "text"
        if member.get("kind") == GroupKind.FRAMING:
            own = f"{_contents(member)}: the other posts are tied to it"
        return f"the group's own {own}"
    if member.get("spans"):
        return f"{member['relation']}: {what_happened(member)}; {frames_agree(member)}"
    reason = SIGNALS[signal].explain(member)
    if SIGNALS[signal].metric is Metric.FEATURES:
        return f"{member['relation']}: {what_happened(member)}; {reason}"
    return reason
