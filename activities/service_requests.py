"""The side effects of a service request on the real database."""

from temporalio import activity

from activities.post_declarations import RequestActivities
from activities.published_policies import PublishedPolicies
from domain.service_terms import plan_request
from schemas.service_request import RequestCommit, RequestCommitResult, RequestPlanReply, RequestStart
from storage import service_requests
from storage.database import Pool
from storage.time_zone import pin_calendar


class PostgresRequestActivities(RequestActivities):
    """Service request activities over a connection pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._policies = PublishedPolicies(pool)

    @activity.defn(name="plan_request")
    async def plan_request(self, start: RequestStart) -> RequestPlanReply:
        """Pin a request's rules."""
        policy = await self._policies.version(start.policy_version)
        return plan_request(policy, pin_calendar(policy.calendar, start.accepted_at), start)

    @activity.defn(name="commit_request")
    async def commit_request(self, request: RequestCommit) -> RequestCommitResult:
        """Write transitions in one transaction; the first writer wins."""
        return await service_requests.commit(self._pool, request)
