"""What activities a register has, without how they work: all that its workflow may know of them."""

from abc import ABC, abstractmethod

from temporalio import activity

from schemas.scorecard import RegisterCommit, RegisterCommitResult, RegisterRules, RulesRequest


class ScorecardActivities(ABC):
    """The side effects of a register. Each may be repeated without harm."""

    @activity.defn(name="register_rules")
    @abstractmethod
    async def register_rules(self, request: RulesRequest) -> RegisterRules:
        """Return what a version of a policy says about registers."""

    @activity.defn(name="commit_register")
    @abstractmethod
    async def commit_register(self, request: RegisterCommit) -> RegisterCommitResult:
        """Write entries in one transaction, unless something stands against it; return what does."""
