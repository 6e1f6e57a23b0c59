"""Why a member belongs to its group: in one plain sentence, and in two or three words."""

from collections.abc import Mapping
from typing import Any

from frametrace.app.output.edit_words import alterations, what_happened
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.local import Local
from frametrace.matcher.results import GroupKind, Relation

__all__ = ["in_common", "label", "sentence"]

_LISTED = {Relation.CONTAINS: "inside a larger picture", Relation.PART: "cut out"}
_THROUGH = {Relation.CONTAINS: "contains", Relation.PART: "is cut out of"}
_THE_SAME = 0.995  # of two decimals
_MOST_DECADES = 9  # beyond, a figure says no more


def sentence(member: Mapping[str, Any]) -> str:
    """Say which signal ties a row of the members table to its group, and how closely."""
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
    if alterations(member):
        tied += ", altered"
    return tied if member["via_sha256"] is None else f"{tied} from another"


def _to_framing(member: Mapping[str, Any]) -> str:
    """What a post of a framing has in common with the post that ties it in."""
    told = member["tied_by"]
    rare = f"as rare as 1 of {_one_of(member['decades'])} unrelated pairs"
    together = "together " if len(told) > 1 else ""
    via = f"{member['via_platform']} {member['via_post_id']}"
    return f"tied to {via}: {', '.join(map(in_common, told))}; {together}{rare}"


def _one_of(decades: float) -> str:
    """10 to that power, by its first digit: decades are an order, and no exact number."""
    if decades >= _MOST_DECADES:
        return f"over {10**_MOST_DECADES:,}"
    digits = max(int(decades), 0)
    return f"{round(10 ** (decades - digits)) * 10**digits:,}"


def _said_and_shown(member: Mapping[str, Any]) -> str:
    parts = [name for name, of in (("words", "text"), ("pictures", "media_sha256")) if member[of]]
    return " and ".join(parts)


def in_common(told: Mapping[str, Any]) -> str:
    """What one entry of `tied_by` says that two posts have in common."""
    kind, signal, similarity = told["kind"], told["signal"], told["similarity"]
    if signal == "photo":
        return "the same photo"
    what = f"a {kind}" if kind == "caption and lettering" else kind
    if signal == CaptionKey.name:
        if similarity >= _THE_SAME:
            return f"{what} in the same words"
        return f"{what} in similar words (Jaccard {similarity:.2f})"
    how = "that look alike" if kind == "pictures" else "of similar meaning"
    return f"{what} {how} (cosine {similarity:.2f})"


def _tie(member: Mapping[str, Any]) -> str:
    picture = member["media_sha256"] is not None
    signal = member["signal"]
    if signal == "sha256":
        own = "picture, byte for byte" if picture else "text"
        if member.get("kind") == GroupKind.FRAMING:
            own = f"{_said_and_shown(member)}: the others are tied to this"
        return f"the group's own {own}"
    reason = SIGNALS[signal].explain(member)
    if SIGNALS[signal].metric is Metric.FEATURES:
        return f"{member['relation']}: {what_happened(member)}; {reason}"
    return reason
