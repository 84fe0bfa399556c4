"""Chance that is the same every time: it comes from the seed and from what it is about, not from what came before."""

from collections.abc import Mapping
from random import Random


def chance(seed: str, *about: object) -> Random:
    """Return the dice for one matter."""
    return Random("/".join(map(str, (seed, *about))))  # noqa: S311 - nothing is kept secret by it


def scenario_for(reference_id: str, *, seed: str, scenarios: Mapping[str, str], mix: Mapping[str, float]) -> str:
    """Return what happens to an order: by the longest prefix of its reference, else by chance from the mix."""
    fitting = [prefix for prefix in scenarios if reference_id.startswith(prefix)]
    if fitting:
        return scenarios[max(fitting, key=len)]
    names = sorted(name for name, weight in mix.items() if weight > 0) or ["good"]
    return chance(seed, "scenario", reference_id).choices(names, [mix.get(name, 1) for name in names])[0]
