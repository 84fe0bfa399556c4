"""Where a complaint is: from what its reporter or channel said to a region of the policy, and whose that is."""

import asyncio
from threading import Lock

from domain.places import Places
from domain.regions import referral
from schemas.complaint import Place
from schemas.places import How, Located
from schemas.policy import Policy

__all__ = ["How", "Located", "located"]

_MOST = 8
"""So many versions of policies are kept ready to be searched; more than are ever in force at once."""

_ready: dict[str, Places] = {}
"""By version, the one that was prepared last at the end."""

_preparing = Lock()


async def located(
    policy: Policy, *, place: Place | None = None, postal_code: str | None = None, region: str | None = None
) -> Located:
    """Return in which of a policy's regions something is, and where no agency is in charge, whom to refer to.

    Args:
        policy: its boundaries, centres and postal codes are what is known.
        place: on the map. Latitude 0, longitude 0 is none: devices that do not know say so.
        postal_code: as somebody wrote it.
        region: the code that was given; one that the policy does not know counts for nothing.

    What is odd or unknown is passed over: nothing is raised.
    """
    places = _ready.get(policy.version)
    if places is None:
        places = await asyncio.to_thread(_prepared, policy)
    here = (place.latitude, place.longitude) if place is not None else None
    found, how = places.find(here, postal_code, region)
    differs = region is not None and found is not None and places.differ(region, found)
    return Located(region=found, referral=referral(policy, found), how=how, differs=differs)


def _prepared(policy: Policy) -> Places:
    """Return a policy's regions ready to be searched; many who ask at the same time have them prepared once."""
    with _preparing:
        if policy.version not in _ready:
            _ready[policy.version] = Places(policy)
            while len(_ready) > _MOST:
                del _ready[next(iter(_ready))]
        return _ready[policy.version]
