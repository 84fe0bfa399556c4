"""Which policy something new is opened under."""

from datetime import datetime

from gateway.refusals import RefusedError
from schemas.policy import Policy
from storage import policies
from storage.database import Pool


async def policy_in_force(pool: Pool, now: datetime, name: str | None) -> Policy:
    """Return the policy in force, by its name if several are.

    Raises:
        RefusedError: no policy is in force, or several are and none was named.
    """
    found = await policies.in_force(pool, now)
    if name is None and len(found) > 1:
        raise RefusedError(f"policy: several are in force, name one of {', '.join(found)}")
    policy = found.get(name) if name else next(iter(found.values()), None)
    if policy is None:
        which = "none of this name is" if name else "none is"
        raise RefusedError(f"policy: {which} in force; publish one with kawal init --policy")
    return policy
