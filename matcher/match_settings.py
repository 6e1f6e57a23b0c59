"""The settings of matching, with the source of each threshold."""

from dataclasses import dataclass

from frametrace.embed.signals import pdq

__all__ = ["Extent", "MatchSettings", "TieSettings"]


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """What counts as a match.

    `max_pdq`: the greatest Hamming distance of copies, in bits of 256. `min_decades`: two posts
    belong to one framing if the rarity of their similarity, −log₁₀ p among unrelated pairs, is at
    least this (see `framing.calibration`). On 1,085 real posts about 14 events, groups made at 4
    and at 5 hold 72 and 64 % of the posts about the same event (B-cubed recall), and none about
    another. `neighbours`: similar posts considered per post; with 20 instead of 50 the recall at 5
    is 58 %. `max_tied_accounts` and `fdr` are settings of the ties.
    """

    max_pdq: int = pdq.MAX_DISTANCE
    min_decades: float = 5.0
    neighbours: int = 50
    max_tied_accounts: int = 200
    fdr: float = 0.01

    @property
    def ties(self) -> "TieSettings":
        """The settings of the ties between accounts."""
        return TieSettings(fdr=self.fdr, max_accounts=self.max_tied_accounts)


@dataclass(frozen=True, slots=True)
class Extent:
    """Which results are saved.

    `whole`: in a union of cases, also groups inside one case, not only those that span cases.
    `mapped`: the map of the posts, which takes some seconds and is shown only in reports.
    """

    whole: bool = False
    mapped: bool = True


@dataclass(frozen=True, slots=True)
class TieSettings:
    """What ties two accounts.

    `fdr`: the rate of false ties among those that are called significant. `window`: two accounts
    share an item if both post it within this many seconds; 0 is no limit. `max_accounts`: an item
    that more accounts share ties no accounts. `max_pairs`: the most pairs of shares to compare; if
    there are more, the items shared by the most accounts are left out.
    """

    fdr: float = 0.01
    window: int = 0
    max_accounts: int = 200
    max_pairs: int = 50_000_000
