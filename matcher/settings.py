"""The settings of matching, with where each threshold comes from."""

from dataclasses import dataclass, field

from frametrace.embed.signals import pdq

__all__ = ["Extent", "MatchSettings", "TieSettings"]

FDR = 0.01  # of the ties between accounts
MAX_TIED_ACCOUNTS = 200  # an item that more share ties nobody in particular


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """What counts as a match.

    `min_decades`: two posts are of one framing where what they say and show is alike to one of so
    many decades of unrelated pairs (see `framing.background`). Of 1,085 real posts about 14 events
    groups made at 4 and at 5 hold 72 and 64 % of the posts about each one's event (B-cubed recall),
    and none of another. `neighbours`: with 20 instead of 50 it is 58 % at 5.
    `max_tied_accounts` and `fdr` are those of the ties.
    """

    max_pdq: int = field(
        default=pdq.MAX_DISTANCE,
        metadata={
            "help": "The largest PDQ distance of two copies, in bits of 256.",
            **{"min": 0, "max": 255},
        },
    )
    min_decades: float = field(
        default=5.0,
        metadata={
            "help": "The least rarity of a similarity that puts two posts in one framing: 3 means "
            "that one of 1,000 unrelated pairs is as similar.",
            **{"min": 0, "max": 18},
        },
    )
    neighbours: int = 50
    max_tied_accounts: int = MAX_TIED_ACCOUNTS
    fdr: float = FDR

    @property
    def ties(self) -> "TieSettings":
        """Those of the ties between accounts."""
        return TieSettings(fdr=self.fdr, max_accounts=self.max_tied_accounts)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of what is found is kept.

    `whole`: of a union of cases what lies inside one of them as well, not only what spans them.
    `mapped`: the map of the posts, which takes some seconds and which reports alone show.
    """

    whole: bool = False
    mapped: bool = True


@dataclass(frozen=True, slots=True)
class TieSettings:
    """What ties two accounts.

    `fdr`: the rate of false ties among those that are called significant. `window`: two accounts
    share an item where both do so within so many seconds; 0 is no limit. `max_accounts`: an item
    that more accounts share ties nobody in particular. `max_pairs`: no more pairs of shares are
    looked at; where there would be more, the items of most accounts are left out as well.
    """

    fdr: float = field(
        default=FDR,
        metadata={
            "help": "The false discovery rate: the share of false ties among the significant ones.",
            **{"min": 0, "max": 1, "open": True},
        },
    )
    window: int = 0
    max_accounts: int = field(
        default=MAX_TIED_ACCOUNTS,
        metadata={
            "help": "An item that more accounts than this share ties nobody.",
            **{"min": 2, "max": 100_000},
        },
    )
    max_pairs: int = 50_000_000
