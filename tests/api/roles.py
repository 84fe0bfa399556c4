"""A caller of every role, for what all of a role may do alike, and what they are told alike."""

from typing import Any

import httpx

from schemas.access import CallerRole
from tests.api.house import House

_OF_AN_AGENCY = (CallerRole.OPERATOR, CallerRole.SUPERIOR)


def anybody(house: House, role: CallerRole) -> dict[str, str]:
    """Return the headers of somebody in this role, of an agency that has nothing to do."""
    return house.as_(role, **({"agency": "IDLE"} if role in _OF_AN_AGENCY else {}))


def told(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
    """Return what somebody is told, but for the name of the call."""
    return answer.status_code, {name: said for name, said in answer.json().items() if name != "request_id"}
