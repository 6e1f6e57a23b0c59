"""What made a case's values of a signal."""

from frametrace.case.store import Case
from frametrace.embed.models.runtime import of_weights

__all__ = ["weights_of"]


def weights_of(case: Case, signal: str) -> str:
    """The weights, or the algorithm, that made a case's values; empty where it has none.

    The arithmetic is left aside: its values agree (docs/signals.md).
    """
    return of_weights(case.epoch.signals.get(signal, {}).get("fingerprint", ""))
