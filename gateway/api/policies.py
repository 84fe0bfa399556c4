"""Policies: which are in force, all of their versions, light lists for forms, and publishing one."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from pydantic import Field

from gateway.api.guard import Who, check
from gateway.api.problems import RESPONSES, FieldProblem, ProblemError, missing
from gateway.kawal import Here, Kawal
from schemas import coherence
from schemas.access import Action, Caller, Relation
from schemas.base import Code, Model
from schemas.policy import Policy
from storage import policies
from storage.time_zone import pin_calendar

router = APIRouter(prefix="/v1/policies", tags=["policies"])

_LARGEST = 4 * 1024 * 1024
"""Bytes; the policy of a province takes a tenth of a megabyte."""

_FOR_EVER = "private, max-age=31536000, immutable"

_SEEN: dict[int | str, dict[str, Any]] = {status: RESPONSES[status] for status in (401, 403, 404, 422, 503)}
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "It is the version that `If-None-Match` names"}}

Name = Annotated[Code, Path(description="of a policy in force", examples=["lampung"])]


class PolicyInForce(Model):
    """A policy by which complaints are opened and services requested now."""

    name: str
    title: str
    version: str = Field(description="names the policy letter by letter: no two that differ have the same")
    effective_from: date
    effective_to: date | None = Field(description="the last day for cases to open under it; none: open")


class CategoryLine(Model):
    """What a complaint can be about."""

    code: str
    name: str
    place_required: bool = Field(description="without a place nobody can tell who is in charge")
    referred: bool = Field(description="outside the government's authority: whom to go to is told at once")
    confidential: bool = Field(description="a report of wrongdoing: the accused agency sees nothing of it")


class RegionLine(Model):
    """A place of the administrative tree."""

    code: str
    name: str
    parent: str | None


def _checked(caller: Caller) -> None:
    check(caller, Action.SEE_POLICIES, Relation.OWN, "policy")


async def _in_force(kawal: Kawal, name: str) -> Policy:
    found = (await policies.in_force(kawal.pool, datetime.now(UTC))).get(name)
    if found is None:
        raise ProblemError(404, "policy: none of this name is in force")
    return found


def _line(policy: Policy) -> PolicyInForce:
    return PolicyInForce.model_validate({name: getattr(policy, name) for name in PolicyInForce.model_fields})


@router.get(
    "",
    operation_id="listPolicies",
    summary="The policies in force",
    responses={status: RESPONSES[status] for status in (401, 403, 503)},
)
async def list_policies(kawal: Here, caller: Who) -> list[PolicyInForce]:
    """Return the policies in force now, by name."""
    _checked(caller)
    return [_line(policy) for policy in (await policies.in_force(kawal.pool, datetime.now(UTC))).values()]


@router.get(
    "/{name}",
    operation_id="getPolicy",
    summary="A policy in force, whole",
    response_model=Policy,
    responses=_SEEN | _UNCHANGED,
)
async def read_policy(kawal: Here, caller: Who, request: Request, name: Name) -> Response:
    """Return all rules of a policy in force. Its version is the `ETag`: as `If-None-Match`, it saves the body."""
    _checked(caller)
    return _whole(request, await _in_force(kawal, name), "private, no-cache")


@router.get(
    "/{name}/versions/{version}",
    operation_id="getPolicyVersion",
    summary="A version of a policy, whole",
    response_model=Policy,
    responses=_SEEN | _UNCHANGED,
)
async def read_version(
    kawal: Here,
    caller: Who,
    request: Request,
    name: Annotated[Code, Path()],
    version: Annotated[Code, Path(examples=["4ad2c18f0f2c9a51"])],
) -> Response:
    """Return all rules of a version that was published at any time: cases stay under theirs. Versions never change."""
    _checked(caller)
    policy = await policies.version(kawal.pool, version)
    if policy is None or policy.name != name:
        raise missing("version")
    return _whole(request, policy, _FOR_EVER)


def _whole(request: Request, policy: Policy, keep: str) -> Response:
    headers = {"ETag": f'"{policy.version}"', "Cache-Control": keep}
    if _names(request.headers.get("If-None-Match", ""), policy.version):
        return Response(status_code=304, headers=headers)
    return Response(policy.model_dump_json(), media_type="application/json", headers=headers)


def _names(if_none_match: str, version: str) -> bool:
    named = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in named or f'"{version}"' in named


@router.get(
    "/{name}/categories",
    operation_id="listCategories",
    summary="What a complaint can be about",
    responses=_SEEN,
)
async def list_categories(kawal: Here, caller: Who, name: Name) -> list[CategoryLine]:
    """Return the categories of a policy in force, for forms."""
    _checked(caller)
    return [
        CategoryLine(
            code=category.code,
            name=category.name,
            place_required=category.place_required,
            referred=category.refer_to is not None,
            confidential=category.bypasses_respondent,
        )
        for category in (await _in_force(kawal, name)).categories
    ]


@router.get("/{name}/regions", operation_id="listRegions", summary="The places of a policy", responses=_SEEN)
async def list_regions(kawal: Here, caller: Who, name: Name) -> list[RegionLine]:
    """Return the administrative tree of a policy in force, for forms."""
    _checked(caller)
    found = (await _in_force(kawal, name)).regions
    return [RegionLine(code=region.code, name=region.name, parent=region.parent) for region in found]


_EVERY_DAY = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SMALLEST = {
    "name": "example",
    "title": "A regency in which all is one agency's",
    "effective_from": "2030-01-01",
    "calendar": {
        "zone": "Asia/Jakarta",
        "week": {day: [{"opens": "08:00", "closes": "16:00"}] for day in _EVERY_DAY},
        "valid_to": "2030-12-31",
    },
    "agencies": [{"code": "OFFICE", "name": "The regent's office"}],
    "categories": [{"code": "road", "name": "Roads", "place_required": False}],
    "routes": [{"category": "road", "agency": "OFFICE"}],
    "ladders": [{"code": "default", "levels": [{"title": "Operator", "role": "operator", "limit": "5 days"}]}],
    "triage": {"queue": "triage", "agency": "OFFICE"},
}
_PUBLISHED = {"smallest": {"summary": "As small as a policy can be", "value": _SMALLEST}}


def _may_publish(caller: Who) -> None:
    """Say no before the body is looked at: what is wrong with it is nobody else's matter."""
    check(caller, Action.PUBLISH_POLICIES, Relation.OWN, "policy")


@router.post(
    "",
    operation_id="publishPolicy",
    summary="Publish a policy",
    status_code=201,
    response_model=PolicyInForce,
    responses={status: RESPONSES[status] for status in (400, 401, 403, 413, 422, 503)},
    dependencies=[Depends(_may_publish)],
    max_body_size=_LARGEST,
)
async def publish(
    kawal: Here, policy: Annotated[Policy, Body(openapi_examples=_PUBLISHED)], response: Response
) -> PolicyInForce:
    """Publish all rules of a jurisdiction as one version: all of it, or nothing when any of it does not hold together.

    It takes effect on its first day. The same again is nothing; cases that are open stay under their versions.
    """
    if problems := _problems(policy):
        raise ProblemError(422, "; ".join(one.problem for one in problems[:5]), errors=problems)
    await policies.publish(kawal.pool, policy)
    response.headers["Location"] = f"/v1/policies/{policy.name}/versions/{policy.version}"
    response.headers["ETag"] = f'"{policy.version}"'
    return _line(policy)


def _is_text(policy: Policy) -> bool:
    """Return whether a database can keep a policy: NULs and halves of characters are no text."""
    try:
        return "\\u0000" not in policy.model_dump_json()
    except ValueError:
        return False


def _problems(policy: Policy) -> list[FieldProblem]:
    """Return what a policy that is made of the right parts still has wrong, as packs are held to it."""
    found = [FieldProblem(field="policy", problem=problem) for problem in coherence.oversights(policy)]
    if not _is_text(policy):
        found.append(FieldProblem(field="policy", problem="holds a NUL or half a character: remove it"))
    try:
        pin_calendar(policy.calendar, datetime.now(UTC))
    except ValueError as error:
        found.append(FieldProblem(field="calendar.zone", problem=str(error)))
    return found
