"""The side effects of a case on the real database."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.declarations import CaseActivities
from activities.published_policies import PublishedPolicies
from domain.routing import plan_case
from schemas.case import CasePlan, CommitRequest, CommitResult, PlanReply, PlanRequest
from schemas.complaint import Complaint
from storage import case_records, duplicates
from storage.database import Pool
from storage.time_zone import pin_calendar


class PostgresCaseActivities(CaseActivities):
    """Case activities over a connection pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._policies = PublishedPolicies(pool)

    @activity.defn(name="plan_case")
    async def plan_case(self, complaint: Complaint) -> CasePlan:
        """Route a complaint and pin its rules; name open cases that may be the same.

        Raises:
            ApplicationError: the policy was never published here, and publishing it lets the case go on; or it leaves
                nobody to hold the case.
        """
        request = PlanRequest(complaint=complaint, category=complaint.category, region=complaint.region)
        reply = await self.replan(request)
        if reply.plan is None:
            raise ApplicationError(reply.problem or "there can be no plan", type="NobodyInCharge")
        policy = await self._policies.version(complaint.policy_version)
        alike = await duplicates.of_case(self._pool, complaint.case_id, policy.duplicates)
        return reply.plan.model_copy(update={"possible_duplicates": alike})

    @activity.defn(name="replan")
    async def replan(self, request: PlanRequest) -> PlanReply:
        """Return the rules of a case as it was corrected, by the policy version that it is pinned to."""
        policy = await self._policies.version(request.complaint.policy_version)
        calendar = pin_calendar(policy.calendar, request.complaint.accepted_at)
        try:
            return plan_case(policy, calendar, request)
        except (LookupError, StopIteration, ValueError) as error:  # nothing must keep a running case from its deadlines
            return PlanReply(problem=f"the policy cannot plan this: {type(error).__name__}")

    @activity.defn(name="commit")
    async def commit(self, request: CommitRequest) -> CommitResult:
        """Write transitions to the database in one transaction, unless the records know better; say what came of it."""
        policy = await self._policies.version(request.case.policy_version)
        return await case_records.commit(self._pool, request, policy)
