"""Showing reports: how they stand to everybody, what people wrote to those who may read it."""

from collections.abc import Mapping
from dataclasses import dataclass

import h3

from gateway.api.guard import note_read
from gateway.open311 import standing
from gateway.open311.calls import Call
from gateway.open311.documents import Value
from gateway.open311.services import named
from gateway.open311.visible import may
from schemas.access import Action, Caller
from schemas.attributes import BESIDE
from schemas.case import TransitionKind
from schemas.complaint import Intake
from schemas.policy import Policy
from storage import case_records, intake
from storage.persons import ErasedError
from storage.reports import Report

LONGEST_DESCRIPTION = 4000
"""Characters: as much as clients have to be ready for."""

_FINEST = 9
"""Of the H3 cells whose centre everybody is shown: about 200 m across."""
_METRE = 5
"""Digits of a degree: about a metre."""

_UNTOLD = frozenset({TransitionKind.NOTED, TransitionKind.REFUSED})
"""Lines of a timeline that are work within an agency, or no step of the case."""


@dataclass(frozen=True)
class _Where:
    address: str = ""
    address_id: str | None = None
    zipcode: str | None = None
    lat: float | None = None
    long: float | None = None


async def described(call: Call, caller: Caller | None, report: Report, policy: Policy) -> dict[str, Value]:
    """Return a report as Open311 shows it. That somebody reads what people wrote is recorded before it is shown."""
    original = await _original(call, caller, report)
    where = _where(report, original)
    extended = call.given.one("extensions") == "true"
    return {
        **_standing(report, policy),
        "description": original.text[:LONGEST_DESCRIPTION] if original else None,
        "address": where.address,
        "address_id": where.address_id,
        "zipcode": where.zipcode,
        "lat": where.lat,
        "long": where.long,
        "media_url": _said(original, "media_url"),
        **({"extended_attributes": await _extended(call, report, original)} if extended else {}),
    }


def _standing(report: Report, policy: Policy) -> dict[str, Value]:
    case, due = report.case, standing.expected(report.case)
    category = named(policy, case.category)
    agencies = {agency.code: agency.name for agency in policy.agencies}
    addressees = {addressee.code: addressee.name for addressee in policy.addressees}
    return {
        "service_request_id": case.case_id,
        "status": "closed" if standing.is_closed(case) else "open",
        "status_notes": standing.status_notes(case),
        "service_name": category.name if category else case.category,
        "service_code": case.category,
        "agency_responsible": agencies.get(case.agency) if case.agency else None,
        "service_notice": standing.service_notice(case, addressees),
        "requested_datetime": standing.moment(case.opened_at),
        "updated_datetime": standing.moment(standing.updated(case, report.updated_at)),
        "expected_datetime": standing.moment(due) if due else None,
    }


async def _original(call: Call, caller: Caller | None, report: Report) -> Intake | None:
    """Return what was handed in, for whoever may read it; None for everybody else, and once it was erased."""
    if not may(caller, Action.READ_TEXT, report):
        return None
    case_id = report.case.case_id
    try:
        found = await intake.original(call.kawal.pool, case_id)
    except ErasedError:
        return None
    if found is not None:
        await note_read(call.request, call.kawal, Action.READ_TEXT, case_id, "text", "place", "attributes")
    return found


def _said(original: Intake | None, name: str) -> str | None:
    value = original.attributes.get(name) if original else None
    return value if isinstance(value, str) else None


def _where(report: Report, original: Intake | None) -> _Where:
    if original is not None:
        return _Where(
            address=_said(original, "address_string") or "",
            address_id=_said(original, "address_id"),
            zipcode=_said(original, "zipcode"),
            lat=original.place.latitude if original.place else None,
            long=original.place.longitude if original.place else None,
        )
    if report.cell is None:
        return _Where()
    cell = report.cell if h3.get_resolution(report.cell) <= _FINEST else h3.cell_to_parent(report.cell, _FINEST)
    latitude, longitude = h3.cell_to_latlng(cell)
    return _Where(lat=round(latitude, _METRE), long=round(longitude, _METRE))


async def _extended(call: Call, report: Report, original: Intake | None) -> Mapping[str, Value]:
    case, law = report.case, report.case.statutory_clock
    return {
        "level": case.level,
        "level_title": case.level_title,
        "late": not case.on_time,
        "statutory_datetime": standing.moment(law.due.at) if law else None,
        "attributes": _answers(original),
        "notes": await _notes(call, case.case_id),
    }


def _answers(original: Intake | None) -> list[Value]:
    given = original.attributes if original else {}
    return [
        {"code": code, "values": [value] if isinstance(value, str) else list(value)}
        for code, value in given.items()
        if code not in BESIDE
    ]


async def _notes(call: Call, case_id: str) -> list[Value]:
    """Return what happened, oldest first: kinds, moments and levels, nobody's words and nobody's account."""
    lines = await case_records.timeline(call.kawal.pool, case_id)
    return [
        {
            "datetime": standing.moment(line["at"]),
            "type": line["kind"],
            "status": line["status"],
            "level": line["level"],
        }
        for line in lines
        if line["kind"] not in _UNTOLD
    ]
