"""Why a member belongs to its group, in one plain sentence."""

from collections.abc import Mapping
from typing import Any

from frametrace.embed.signals import pdq, phash

__all__ = ["sentence"]

_BITS = {pdq.Pdq.name: pdq.BITS, phash.Phash.name: phash.BITS}


def sentence(member: Mapping[str, Any]) -> str:
    """Say which signal ties a row of the members table to its group, and how closely."""
    tied = _tie(member)
    if member["via_sha256"] is None:
        return tied
    return f"{tied} from {member['via_sha256'][:12]}, which is tied to the group's own"


def _tie(member: Mapping[str, Any]) -> str:
    picture = member["media_sha256"] is not None
    signal, similarity = member["signal"], member["similarity"]
    if signal == "sha256":
        return "the group's own picture, byte for byte" if picture else "the group's own text"
    if signal in _BITS:
        return f"copy: {signal} differs in {member['distance']} of {_BITS[signal]} bits"
    if signal == "caption_key":
        return f"same wording: {similarity:.0%} of the trigrams are shared (Jaccard)"
    if signal == "caption":
        return f"similar meaning: cosine similarity {similarity:.2f} of the captions"
    return f"looks alike: cosine similarity {similarity:.2f} by {signal}"
