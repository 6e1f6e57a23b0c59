"""The settings of matching, with where each threshold comes from."""

from dataclasses import dataclass

from frametrace.embed.signals import caption_key, pdq

__all__ = ["MatchSettings"]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """What counts as a match.

    `min_caption`: of unrelated pairs of flickr8k's English captions one in 7,000 lies above it
    (all-MiniLM-L6-v2, 2,000 captions), of paraphrases 17 %. `min_clip` is provisional: where
    pictures look alike depends on the model. `neighbours`: of the pairs of captions about one
    picture (1,011 captions of real posts) groups made with 10 / 20 / 50 hold 20 / 23 / 50 %; of the
    pairs that they hold, 95 to 97 % are such. `max_tied_accounts`: a photo that more accounts share
    ties nobody in particular, and its ties would grow with the square of their number.
    """

    max_pdq: int = pdq.MAX_DISTANCE
    min_caption: float = 0.75
    min_caption_key: float = caption_key.MIN_SIMILARITY
    min_clip: float = 0.9
    neighbours: int = 50
    max_tied_accounts: int = 200
