"""The settings of the embed stage: signals, models and numeric precision. Imports no library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["EmbedSettings", "ModelChoice", "NumericPrecision"]


class NumericPrecision(StrEnum):
    """The numbers in which a network's large matrix products are computed.

    Vectors of one model in two precisions are close but not equal, so a case holds only one.
    """

    FLOAT32 = "float32"
    INT8 = "int8"  # OpenVINO on a processor
    BFLOAT16 = "bfloat16"  # PyTorch, meant for a GPU


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The models, and their numeric precision, that a user or the case chose.

    `options` holds values by the name of a signal's `ModelOption`. Each signal has its
    own defaults for options that are missing.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    precision: NumericPrecision | None = None  # None: the fastest that agrees with float32

    def get(self, option: str) -> str:
        """The value of an option; empty if nothing was chosen."""
        return self.options.get(option, "")


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """What to compute. Without `signals`, every signal whose model is on this machine."""

    signals: tuple[str, ...] = ()
    models: ModelChoice = ModelChoice()
    workers: int = field(
        default=0,
        metadata={
            "help": "How many processes; 0: one per processor.",
            "min": 0,
            "max": 1024,
        },
    )
    replace: bool = False  # recompute values that another model made
    retry_failed: bool = False  # try the pictures again that were given up
