"""Why a member belongs to its group: in one plain sentence, and in two or three words."""

from collections.abc import Mapping
from typing import Any

from frametrace.app.happened import what_happened
from frametrace.embed.signals import pdq, phash
from frametrace.embed.signals.local import Local
from frametrace.matcher.results import Relation

__all__ = ["label", "sentence"]

_BITS = {pdq.Pdq.name: pdq.BITS, phash.Phash.name: phash.BITS}
_LISTED = {Relation.CONTAINS: "inside a larger picture", Relation.PART: "cut out"}
_THROUGH = {Relation.CONTAINS: "contains", Relation.PART: "is cut out of"}


def sentence(member: Mapping[str, Any]) -> str:
    """Say which signal ties a row of the members table to its group, and how closely."""
    tied, via = _tie(member), member["via_sha256"]
    if via is None:
        return tied
    word = "with" if member["signal"] == Local.name else "from"
    is_copy = member["signal"] != Local.name  # of the one that it is tied through
    what = _THROUGH.get(member["relation"], "is tied to") if is_copy else "is tied to"
    return f"{tied} {word} {via[:12]}, which {what} the group's own"


def label(member: Mapping[str, Any]) -> str:
    """What stands under a member's thumbnail."""
    if member["signal"] == "sha256":
        return "medoid"
    if short := _LISTED.get(member["relation"]):
        return short
    tied = f"{member['similarity']:.2f}"
    if member["signal"] == Local.name:
        tied = f"{member['inliers']:,} features"
    elif member["distance"] is not None:
        tied = f"{member['distance']} bits"
    return tied if member["via_sha256"] is None else f"{tied} from another"


def _tie(member: Mapping[str, Any]) -> str:
    picture = member["media_sha256"] is not None
    signal, similarity = member["signal"], member["similarity"]
    if signal == "sha256":
        return "the group's own picture, byte for byte" if picture else "the group's own text"
    if signal == Local.name:
        agree = f"{member['inliers']:,} local features agree"
        return f"{member['relation']}: {what_happened(member)}; {agree}"
    if signal in _BITS:
        return f"copy: {signal} differs in {member['distance']} of {_BITS[signal]} bits"
    if signal == "caption_key":
        return f"same wording: {similarity:.0%} of the trigrams are shared (Jaccard)"
    if signal == "caption":
        return f"similar meaning: cosine similarity {similarity:.2f} of the captions"
    return f"looks alike: cosine similarity {similarity:.2f} by {signal}"
