"""The settings of matching, with the source of each threshold."""

from dataclasses import dataclass, field, fields

from frametrace.embed.thresholds import PDQ_MAX_DISTANCE

__all__ = ["Extent", "MatchSettings", "ShareColumns", "TieSettings"]

FDR = 0.01  # false discovery rate of ties between accounts
MAX_TIED_ACCOUNTS = 200  # an item that more accounts share ties nobody


@dataclass(frozen=True, slots=True)
class MatchSettings:
    """What counts as a match.

    `max_pdq`: the greatest Hamming distance of copies, in bits of 256. `min_decades`: a framing
    has two posts with a similarity of at least this rarity, −log₁₀ p among unrelated pairs (see
    `framing.calibration`); others join it by less (see `framing.average_linkage`). On 1,085 real
    posts about 14 events, groups made at 4 and at 5 hold 91 and 89 % of the posts about the same
    event by captions and photos (B-cubed recall), and none about another. `neighbours`: similar
    posts considered per post, in each language. `max_tied_accounts` and `fdr` are settings of the
    ties. `fact_checkers` are accounts (see `account_list`) whose posts dispute what framings claim.
    """

    max_pdq: int = field(
        default=PDQ_MAX_DISTANCE,
        metadata={
            "help": "The largest PDQ distance of two copies, in bits of 256.",
            **{"min": 0, "max": 255},
        },
    )
    min_decades: float = field(
        default=5.0,
        metadata={
            "help": "The minimum rarity of a similarity that makes a framing: 3 means that one of"
            " 1,000 unrelated pairs is as similar.",
            **{"min": 0, "max": 18},
        },
    )
    neighbours: int = 50
    max_tied_accounts: int = MAX_TIED_ACCOUNTS
    fdr: float = FDR
    fact_checkers: tuple[str, ...] = ()

    @property
    def recorded(self) -> dict[str, float]:
        """The settings as saved with the results; of the fact-checkers, if any, their number."""
        names = [field.name for field in fields(self) if field.name != "fact_checkers"]
        values = {name: getattr(self, name) for name in names}
        return {**values, **({"fact_checkers": n} if (n := len(self.fact_checkers)) else {})}

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


@dataclass(frozen=True, slots=True)
class ShareColumns:
    """The names of the columns of a table of shares; the defaults are CooRTweet's.

    `time` holds seconds since 1970 or times such as 2019-08-19 14:03:22; an empty name means no
    times. Without `platform` all accounts are on one platform; with `prefixed` it is the part of
    the account before the first underscore, as in `fb_123`.
    """

    item: str = "object_id"
    account: str = "account_id"
    time: str = "timestamp_share"
    platform: str = ""
    prefixed: bool = False
