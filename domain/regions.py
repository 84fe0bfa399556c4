"""The regions of a policy as a tree: each within its parent."""

from collections.abc import Iterable, Iterator, Mapping

from schemas.policy import Policy

Parents = Mapping[str, str | None]
"""Of every region, the one that it lies in."""


def parents(policy: Policy) -> dict[str, str | None]:
    """Return in which region each lies."""
    return {region.code: region.parent for region in policy.regions}


def outwards(region: str | None, within: Parents) -> Iterator[str]:
    """Yield a region and all that it lies in, the smallest first; nothing for one that is not listed."""
    while region is not None and region in within:
        yield region
        region = within[region]


def common(regions: Iterable[str], within: Parents) -> str | None:
    """Return the smallest region in which all of several lie; None when there is none."""
    first, *others = ([*outwards(region, within)] for region in regions)
    return next((place for place in first if all(place in other for other in others)), None)


def referral(policy: Policy, region: str | None) -> str | None:
    """Return to which addressee reporters from a region go; None where the government itself is in charge."""
    to = {listed.code: listed.refer_to for listed in policy.regions}
    return next(filter(None, (to[place] for place in outwards(region, parents(policy)))), None)
