"""Complaints that tests hand in over HTTP, and what is said to their cases."""

from typing import Any

import httpx

from storage import policies
from tests import making
from tests.api.house import House, key

POLICY = making.whole_policy(name="api")
HOLE = {"category": "road", "region": "north", "text": "A hole, says Siti Rahma of Jalan Mawar 5.", "policy": "api"}

Headers = dict[str, str]


async def hand_in(house: House, who: Headers, *, with_key: Headers | None = None, **fields: Any) -> httpx.Response:
    """Hand in a complaint about a hole in a road of the north."""
    await policies.publish(house.pool, POLICY)
    return await house.http.post("/v1/complaints", headers=who | (with_key or key()), json=HOLE | fields)


async def case_of(house: House, who: Headers, **fields: Any) -> str:
    """Hand in a complaint and return its case's id, once the case is routed."""
    answer = await hand_in(house, who, **fields)
    assert answer.status_code == 201, answer.text
    case_id = str(answer.json()["case_id"])
    await house.gateway.starting.settle()
    await house.kawal.routed(case_id)
    return case_id


async def say(
    house: House, who: Headers, case_id: str, kind: str, *, with_key: Headers | None = None, **fields: Any
) -> httpx.Response:
    """Send a message to a case. A field `seen` goes into If-Match."""
    seen = fields.pop("seen", None)
    headers = who | (with_key or key()) | ({} if seen is None else {"If-Match": f'"{seen}"'})
    return await house.http.post(f"/v1/cases/{case_id}/messages", headers=headers, json={"kind": kind} | fields)


async def done(house: House, who: Headers, case_id: str, kind: str, **fields: Any) -> None:
    """Send a message that the case takes."""
    answer = await say(house, who, case_id, kind, **fields)
    assert answer.status_code == 200, answer.text


def operator(house: House, agency: str = "ROADS", role: str = "operator", **claims: Any) -> Headers:
    """Return the headers of somebody who holds an office of an agency."""
    return house.as_("operator", agency=agency, offices=[f"{role}@{agency}"], **claims)


def superior(house: House, agency: str = "ROADS") -> Headers:
    """Return the headers of an agency's head."""
    return house.as_("superior", agency=agency, offices=[f"head-of-agency@{agency}"])
