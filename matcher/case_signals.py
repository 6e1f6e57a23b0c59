"""Opens a signal with the model that made a case's values, so that new values compare with them."""

from frametrace.case.store import Case
from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.runtime import of_weights
from frametrace.embed.signals import SIGNALS, Signal
from frametrace.posts.errors import IndexMismatch

__all__ = ["open_signal", "weights_of"]


def weights_of(case: Case, signal: str) -> str:
    """The weights, or the algorithm, that made a case's values; empty if the case has none.

    The numeric precision is left out: values that one model computed in two precisions can be
    compared (docs/signals.md).
    """
    return of_weights(case.epoch.signals.get(signal, {}).get("fingerprint", ""))


def open_signal(case: Case, signal: str) -> Signal:
    """The signal with the weights that made the case's values, in float32: queries are few.

    Raises `IndexMismatch` if this machine has other weights.
    """
    made_by = case.epoch.signals[signal]
    chosen = SIGNALS[signal].choice_of(made_by, NumericPrecision.FLOAT32)
    maker = SIGNALS[signal].open(chosen)
    if of_weights(maker.made_by["fingerprint"]) != weights_of(case, signal):
        raise IndexMismatch(
            f"{case.path} holds {signal} made by {made_by['fingerprint']}, but this machine has "
            f"{maker.made_by['fingerprint']}: install the first model, or compute all values again "
            f"with: frametrace embed {case.path} --signal {signal} --replace"
        )
    return maker
