"""The settings of matching, with where each threshold comes from."""

from dataclasses import dataclass

from frametrace.embed.signals import caption_key, pdq

__all__ = ["MatchSettings"]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """What counts as a match.

    `min_caption`: among 5,000 English flickr8k captions all-MiniLM-L6-v2 puts one unrelated pair
    in a thousand above 0.69. `min_clip` is provisional: photos of one scene lie above it with
    ViT-B-32. `neighbours`: of the pairs of captions about one picture (1,011 captions of real
    posts) groups made with 10 / 20 / 50 hold 20 / 23 / 50 %; of the pairs that they hold, 95 to
    97 % are such. `max_tied_accounts`: a photo that more accounts share ties nobody in particular,
    and its ties would grow with the square of their number.
    """

    max_pdq: int = pdq.MAX_DISTANCE
    min_caption: float = 0.75
    min_caption_key: float = caption_key.MIN_SIMILARITY
    min_clip: float = 0.9
    neighbours: int = 50
    max_tied_accounts: int = 200
