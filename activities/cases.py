"""The side effects of a case on the real database."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.declarations import CaseActivities
from domain.routing import plan_case
from schemas.case import CasePlan, CommitRequest, CommitResult
from schemas.complaint import Complaint
from schemas.policy import Policy
from storage import case_records, policies
from storage.database import Pool
from storage.time_zone import pin_calendar


class PostgresCaseActivities(CaseActivities):
    """Case activities over a connection pool. Policies are immutable, so they are read once per worker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._policies: dict[str, Policy] = {}

    @activity.defn(name="plan_case")
    async def plan_case(self, complaint: Complaint) -> CasePlan:
        """Route a complaint and pin its rules.

        Raises:
            ApplicationError: the policy was never published here; publishing it lets the case go on.
        """
        policy = await self._policy(complaint.policy_version)
        calendar = pin_calendar(policy.calendar, complaint.accepted_at)
        return plan_case(policy, calendar, complaint.category, complaint.region)

    @activity.defn(name="commit")
    async def commit(self, request: CommitRequest) -> CommitResult:
        """Write transitions to the database in one transaction, unless others stand there; return what stands."""
        return await case_records.commit(self._pool, request)

    async def _policy(self, version: str) -> Policy:
        if version not in self._policies:
            policy = await policies.version(self._pool, version)
            if policy is None:
                raise ApplicationError(
                    f"policy version {version} is not in the database: publish the pack that it came from",
                    type="PolicyNotPublished",
                )
            self._policies[version] = policy
        return self._policies[version]
