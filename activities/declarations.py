"""What activities exist, without how they work: all that a workflow may know of them."""

from abc import ABC, abstractmethod

from temporalio import activity

from schemas.case import CasePlan, CommitRequest, CommitResult, PlanReply, PlanRequest
from schemas.complaint import Complaint


class CaseActivities(ABC):
    """The side effects of a case. Each may be repeated without harm."""

    @activity.defn(name="plan_case")
    @abstractmethod
    async def plan_case(self, complaint: Complaint) -> CasePlan:
        """Route a complaint by the policy that it is pinned to, and return all rules of its case."""

    @activity.defn(name="replan")
    @abstractmethod
    async def replan(self, request: PlanRequest) -> PlanReply:
        """Return the rules of a case that was corrected or goes to another agency, or why there can be none."""

    @activity.defn(name="commit")
    @abstractmethod
    async def commit(self, request: CommitRequest) -> CommitResult:
        """Write transitions to the database in one transaction, unless the records know better; say what came of it."""
