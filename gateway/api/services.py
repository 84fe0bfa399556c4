"""What can be requested."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import Field

from gateway.api.guard import Who, check
from gateway.api.problems import RESPONSES
from gateway.kawal import Here
from schemas.access import Action, Relation
from schemas.base import Model
from schemas.policy import Policy, Service
from storage import policies

router = APIRouter(prefix="/v1", tags=["services"])


class ServiceOffered(Model):
    """Something that people can request, and under which terms."""

    policy: str = Field(description="the policy's name; a request names it where several are in force")
    policy_version: str
    prepared_by: tuple[str, ...] = Field(description="agencies, by the region of the recipient; none: triage decides")
    service: Service


@router.get(
    "/services",
    operation_id="listServices",
    summary="What can be requested",
    responses={status: RESPONSES[status] for status in (401, 403, 503)},
)
async def list_services(kawal: Here, caller: Who) -> list[ServiceOffered]:
    """Return the services of the policies in force: what each costs, how long it takes, and how it is carried."""
    check(caller, Action.SEE_POLICIES, Relation.OWN, "service")
    found = await policies.in_force(kawal.pool, datetime.now(UTC))
    return [_offered(policy, service) for policy in found.values() for service in policy.services]


def _offered(policy: Policy, service: Service) -> ServiceOffered:
    agencies = {route.agency for route in policy.routes if route.category == service.category}
    return ServiceOffered(
        policy=policy.name, policy_version=policy.version, prepared_by=tuple(sorted(agencies)), service=service
    )
