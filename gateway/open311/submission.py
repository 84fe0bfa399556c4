"""Handing in a report: whoever is told its id can count on it, as at the native door."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from gateway.api.backpressure import DOOR
from gateway.api.guard import check
from gateway.api.keys import HEADER, claimed, key_of
from gateway.api.problems import FieldProblem, ProblemError, field_problem
from gateway.open311 import answers, standing
from gateway.open311.calls import Call, caller_of, policy_of
from gateway.open311.documents import Document
from gateway.open311.given import Given
from gateway.open311.reading import LONGEST_DESCRIPTION
from gateway.open311.services import service
from gateway.places import located
from gateway.recipients import reachable_person
from gateway.refusals import RefusedError
from gateway.starter import new_case_id
from schemas.access import Action, Caller, CallerRole, Relation
from schemas.complaint import Complaint, ExternalId, Identity, Intake, Place
from schemas.person import Person
from schemas.policy import Category, Policy

IN_PERSON = "open311"
"""The channel of those who report by a token of their own."""

_LONGEST = {"address_string": 500, "address_id": 100, "account_id": 100, "media_url": 2000, "zipcode": 12}
"""Characters, of what is kept beside the text."""

_EXTERNAL_ID: TypeAdapter[str] = TypeAdapter(ExternalId)


@dataclass(frozen=True)
class _Report:
    """What is handed in, with nothing wrong in it any more."""

    intake: Intake
    account: str | None
    """Of whoever reports in person."""


async def submit(call: Call) -> Document:
    """Hand in a report; its id goes out once it is in the database."""
    caller = await caller_of(call)
    if caller is None:
        raise field_problem(403, "api_key", "is missing: reporting needs one")
    check(caller, Action.SUBMIT, Relation.OWN, "report")
    policy = await policy_of(call)
    code = call.given.one("service_code")
    if code is None:
        raise field_problem(400, "service_code", "is missing: see services")
    report = await _report(call.given, caller, policy, service(policy, code))
    complaint = await _taken_in(call, caller, policy, report)
    call.kawal.starting.soon(complaint)
    said = {
        "service_request_id": complaint.case_id,
        "service_notice": standing.received_notice(complaint.case_id),
        "account_id": call.given.one("account_id"),
    }
    return Document("service_requests", [said])


async def _taken_in(call: Call, caller: Caller, policy: Policy, report: _Report) -> Complaint:
    """Return the complaint once it is in the database, or the one that was handed in with this key before."""
    new_id = new_case_id(datetime.now(UTC))
    async with DOOR.entered(call.kawal.pool), _case_id(call, caller, new_id) as case_id:
        return await call.kawal.cases.accept(
            report.intake, policy_name=policy.name, case_id=case_id, reported_by=report.account
        )


@asynccontextmanager
async def _case_id(call: Call, caller: Caller, new_id: str) -> AsyncIterator[str]:
    """Give the id of the report: the new one, or that of the first call with the same key, if it came with one."""
    if call.request.headers.get(HEADER) is None:
        yield new_id
        return
    asked = {"route": "POST open311 requests", "form": call.given.without("api_key")}
    async with claimed(call.kawal.pool, caller, key_of(call.request), asked, new_id) as case_id:
        yield case_id


async def _report(given: Given, caller: Caller, policy: Policy, category: Category) -> _Report:
    """Return what a form says. Raises `ProblemError` 400 with everything that is wrong in it, and 403."""
    asked = given.attributes()
    place, person = _place(given), _person(given)
    wrong = [*_wrong_text(given), *answers.problems(category, asked)]
    wrong += [found for found in (place, person) if isinstance(found, FieldProblem)]
    if wrong or isinstance(place, FieldProblem) or isinstance(person, FieldProblem):
        raise ProblemError(400, "some fields are wrong", errors=wrong)
    here = await located(policy, place=place, postal_code=given.one("zipcode"))
    in_person = caller.role is CallerRole.REPORTER
    beside = {name: value for name in _LONGEST if (value := given.one(name)) is not None}
    handed_in = Intake(
        channel=IN_PERSON if in_person else _channel(caller),
        external_id=_external_id(given, in_person=in_person),
        category=category.code,
        region=here.region,
        text=given.one("description") or category.name,
        place=place,
        identity=Identity.CONFIDENTIAL if category.bypasses_respondent else Identity.NAMED,
        reporter=person.model_copy(update={"account": caller.id}) if in_person else person if _known(person) else None,
        attributes={**beside, **answers.answers(category, asked)},
    )
    return _Report(handed_in, caller.id if in_person else None)


def _known(person: Person) -> bool:
    return person != Person()


def _channel(caller: Caller) -> str:
    if caller.channel is None:
        raise field_problem(403, "api_key", "is of no channel: whoever gave it has to name one")
    return caller.channel


def _external_id(given: Given, *, in_person: bool) -> str | None:
    text = given.one("external_id")
    if text is None:
        return None
    if in_person:
        raise field_problem(400, "external_id", f"is a system's: leave it out, the header {HEADER} tells repeats")
    try:
        return _EXTERNAL_ID.validate_python(text)
    except ValidationError as error:
        raise field_problem(400, "external_id", "is 1 to 100 plain letters, digits and signs without blanks") from error


def _place(given: Given) -> Place | FieldProblem | None:
    """Return the point on the map, or what is wrong with it; None when an address stands for it."""
    latitude, longitude = given.one("lat"), given.one("long")
    if latitude is None and longitude is None:
        if given.one("address_string") is None and given.one("address_id") is None:
            return FieldProblem(field="lat", problem="say where: give lat and long, address_string or address_id")
        return None
    if latitude is None or longitude is None:
        missing = "lat" if latitude is None else "long"
        return FieldProblem(field=missing, problem="is missing: lat and long belong together")
    for name, text, most in (("lat", latitude, 90), ("long", longitude, 180)):
        if not _is_degrees(text, most):
            return FieldProblem(field=name, problem=f"is degrees from -{most} to {most}, written as -5.4123")
    return Place(latitude=float(latitude), longitude=float(longitude))


def _is_degrees(text: str, most: int) -> bool:
    try:
        degrees = float(text)
    except ValueError:
        return False
    return isfinite(degrees) and -most <= degrees <= most


_FIELDS = {"name": "first_name", "email": "email", "phone": "phone"}
"""Fields of a person, by the names that Open311 has for them."""


def _person(given: Given) -> Person | FieldProblem:
    """Return who reports, or what is wrong with that."""
    names = [name for name in (given.one("first_name"), given.one("last_name")) if name]
    try:
        person = Person(name=" ".join(names) or None, phone=given.one("phone"), email=given.one("email"))
        return reachable_person(person)
    except ValidationError as error:
        field = _FIELDS[str(error.errors()[0]["loc"][0])]
        return FieldProblem(field=field, problem="cannot be right: correct it, or leave it out")
    except RefusedError as error:
        return FieldProblem(field="phone", problem=str(error).partition(": ")[2])


def _wrong_text(given: Given) -> Iterator[FieldProblem]:
    for name, most in {"description": LONGEST_DESCRIPTION, **_LONGEST}.items():
        if len(given.one(name) or "") > most:
            yield FieldProblem(field=name, problem=f"is longer than {most} characters: shorten it")
    url = given.one("media_url")
    if url is not None and not _is_url(url):
        yield FieldProblem(field="media_url", problem="is no address of the web: begin it with https://")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable() and " " not in text
