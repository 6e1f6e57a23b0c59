"""The settings of matching, with where each threshold comes from."""

from dataclasses import dataclass

from frametrace.embed.signals import caption_key, pdq

__all__ = ["MatchSettings", "TieSettings"]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """What counts as a match.

    `min_caption`: of unrelated pairs of flickr8k's English captions one in 7,000 lies above it
    (all-MiniLM-L6-v2, 2,000 captions), of paraphrases 17 %. `min_clip` is provisional: where
    pictures look alike depends on the model. `neighbours`: of the pairs of captions about one
    picture (1,011 captions of real posts) groups made with 10 / 20 / 50 hold 20 / 23 / 50 %; of the
    pairs that they hold, 95 to 97 % are such. `max_local`: pictures are compared by local features
    where no more than that differ by PDQ; 0 is never. `max_tied_accounts` and `fdr` are those of
    the ties.
    """

    max_pdq: int = pdq.MAX_DISTANCE
    max_local: int = 200_000
    min_caption: float = 0.75
    min_caption_key: float = caption_key.MIN_SIMILARITY
    min_clip: float = 0.9
    neighbours: int = 50
    max_tied_accounts: int = 200
    fdr: float = 0.01

    @property
    def ties(self) -> "TieSettings":
        """Those of the ties between accounts."""
        return TieSettings(fdr=self.fdr, max_accounts=self.max_tied_accounts)


@dataclass(frozen=True, slots=True)
class TieSettings:
    """What ties two accounts.

    `fdr`: the rate of false ties among those that are called significant. `window`: two accounts
    share an item where both do so within so many seconds; 0 is no limit. `max_accounts`: an item
    that more accounts share ties nobody in particular. `max_pairs`: no more pairs of shares are
    looked at; where there would be more, the items of most accounts are left out as well.
    """

    fdr: float = 0.01
    window: int = 0
    max_accounts: int = 200
    max_pairs: int = 50_000_000
