"""How many examples hypothesis tries: few in the profile `dev`, all of them in `ci` (HYPOTHESIS_PROFILE)."""

import os
from collections.abc import Iterable

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "dev")
TOO_SLOW = (HealthCheck.too_slow,)
"""Like a deadline, this health check measures wall time, which depends on what else the machine does."""


def load_profile() -> None:
    """Register both profiles, and load the one that is asked for."""
    settings.register_profile("dev", max_examples=20, deadline=None, suppress_health_check=TOO_SLOW)
    settings.register_profile("ci", deadline=None, suppress_health_check=TOO_SLOW, print_blob=True)
    settings.load_profile(PROFILE)


def examples(count: int, suppress: Iterable[HealthCheck] = ()) -> settings:
    """Return settings for a test that needs so many examples; the profile `dev` tries a tenth of them."""
    few = max(10, count // 10)
    return settings(max_examples=count if PROFILE == "ci" else few, suppress_health_check=[*TOO_SLOW, *suppress])


def repeats(count: int) -> int:
    """Return how often to repeat something random; the profile `dev` repeats it a tenth as often."""
    return count if PROFILE == "ci" else max(2, count // 10)
