"""The side effects of registers on the real database."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.scorecard_declarations import ScorecardActivities
from schemas.policy import Policy
from schemas.sanctions import Subject, Trigger
from schemas.scorecard import RegisterCommit, RegisterCommitResult, RegisterRules, RulesRequest
from storage import policies, scorecards
from storage.database import Pool
from storage.time_zone import pin_calendar


class PostgresScorecardActivities(ScorecardActivities):
    """Register activities over a connection pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="register_rules")
    async def register_rules(self, request: RulesRequest) -> RegisterRules:
        """Return what a version of a policy says about registers.

        Raises:
            ApplicationError: the policy was never published here; publishing it lets the register go on.
        """
        policy = await policies.version(self._pool, request.policy_version)
        if policy is None:
            raise ApplicationError(
                f"policy version {request.policy_version} is not in the database: publish the pack that it came from",
                type="PolicyNotPublished",
            )
        return RegisterRules(
            policy_version=policy.version,
            late_again=tuple(rule for rule in policy.sanctions if rule.trigger is Trigger.LATE_AGAIN),
            low_share=tuple(rule for rule in policy.sanctions if rule.trigger is Trigger.LOW_SHARE),
            lateness=_about_whoever_was_late(policy),
            head_role=policy.head_role,
            points_period=policy.points_period,
            objection=policy.handling.objection,
            calendar=pin_calendar(policy.calendar, request.around),
        )

    @activity.defn(name="commit_register")
    async def commit_register(self, request: RegisterCommit) -> RegisterCommitResult:
        """Write entries in one transaction, unless something stands against it; return what does."""
        return await scorecards.commit(self._pool, request)


def _about_whoever_was_late(policy: Policy) -> tuple[tuple[str, int], ...]:
    """Return the rules, with their level, whose subject is whoever held the level that was late, deputies included."""
    found = {
        (rule.rule, number)
        for ladder in policy.ladders
        for number, level in enumerate(ladder.levels)
        for rule in level.sanctions
        if rule.subject is Subject.HOLDER or (rule.subject is Subject.OPERATOR and number == 0)
    }
    return tuple(sorted(found))
