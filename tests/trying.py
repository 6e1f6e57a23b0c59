"""How many examples a property test tries: a quarter of them by `make test`."""

from collections.abc import Sequence

from hypothesis import HealthCheck, settings

__all__ = ["examples"]


def examples(count: int, suppress: Sequence[HealthCheck] = ()) -> settings:
    """Settings for `count` examples by `make test-all`, and for a share of them otherwise.

    The share is that of the loaded profile's own number in the 100 of the profile "thorough".
    """
    share = settings.default.max_examples / 100
    return settings(max_examples=max(1, round(count * share)), suppress_health_check=suppress)
