"""Something of everything, and a caller of every role to whom some of it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.carrier import FailureReason, Scan
from storage import deliveries, policies, tracking
from storage.tracking import Via
from tests import making
from tests.api.handing_in import case_of, done, operator, superior
from tests.api.house import House, key
from tests.api.registering import a_name, told_of_late_cases
from tests.evidence.pictures import photo
from tests.storage import post_making

CHANNEL = "contract"
NOBODY = "nobody"

Headers = dict[str, str]


@dataclass(frozen=True)
class World:
    """What calls are made of."""

    callers: Mapping[str, Headers]
    """By role; those of an agency twice: once of one that has cases, once of one that has a register."""
    named: Mapping[str, tuple[Any, ...]]
    """What there is, by the names that paths have for it."""


async def world_of(house: House) -> World:
    """Make one."""
    late = a_name("LATE")
    callers = {
        "reporter": house.as_("reporter", id=a_name("contract-reporter")),
        "system": house.as_("system", channel=CHANNEL),
        "operator": operator(house),
        "late operator": operator(house, late),
        "superior": superior(house),
        "deciding superior": house.as_("superior", agency=late, offices=[f"head-of-division@{late}"]),
        "auditor": house.as_("auditor"),
        "policy-admin": house.as_("policy-admin"),
        NOBODY: {},
    }
    await told_of_late_cases(house, late)
    cases = [await case_of(house, callers[role]) for role in ("reporter", "system")]
    await done(house, callers["operator"], cases[0], "respond", text="It was filled, says Budi.")
    version = making.whole_policy(name="api").version
    named = {
        "case_id": (*cases, f"{late}-1"),
        "request_id": (await _request(house, callers["reporter"]),),
        "delivery_id": (await _delivery(house, cases[0]),),
        "evidence_id": (await _evidence(house, callers["reporter"]),),
        "webhook_id": (await _webhook(house, callers["system"]),),
        "agency": (late,),
        "number": (1, 3),
        "name": ("api",),
        "version": (version,),
    }
    return World(callers, named)


async def _request(house: House, who: Headers) -> str:
    await policies.publish(house.pool, making.whole_policy(name="api"))
    recipient = {"name": "Siti Aminah", "phone": "0812 7234 5678", "address": "Jalan Kartini 1"}
    body = {"service": "papers", "region": "north", "recipient": recipient, "policy": "api"}
    return str((await _posted(house, who, "/v1/service-requests", body))["request_id"])


async def _delivery(house: House, ordered_by: str) -> str:
    delivery_id = f"{ordered_by}-d1"
    failed = post_making.told("e1", Scan.FAILED, 3, reason=FailureReason.NOBODY_THERE)
    for commit in post_making.deliveries(delivery_id, failed, ordered_by=ordered_by):
        await deliveries.commit(house.pool, commit)
    await tracking.record(house.pool, delivery_id, f"or-{delivery_id}", [(failed, {})], Via.WEBHOOK)
    return delivery_id


async def _evidence(house: House, who: Headers) -> str:
    answer = await house.http.post("/v1/evidence", headers=who | key(), content=photo())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["evidence_id"])


async def _webhook(house: House, who: Headers) -> str:
    made = await _posted(house, who, "/v1/webhooks", {"url": "https://8.8.8.8/hook"})
    await _posted(house, who, f"/v1/webhooks/{made['id']}/pause", None)  # nothing is sent there
    return str(made["id"])


async def _posted(house: House, who: Headers, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    answer = await house.http.post(path, headers=who | key(), json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())
