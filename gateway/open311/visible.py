"""Which reports a caller may see, and whether what people wrote is among it."""

from domain import access, visibility
from gateway.open311.calls import Call
from schemas.access import Action, Caller
from schemas.policy import Policy
from storage import policies
from storage.reports import Report


def may(caller: Caller | None, action: Action, report: Report) -> bool:
    """Return whether somebody may do something with a report because of who they are."""
    if caller is None:
        return False
    relation = access.relation_to_case(caller, report.case, report.reported_by)
    return access.verdict(caller, action, relation) is access.Verdict.ALLOWED


async def shown_under(call: Call, caller: Caller | None, report: Report, asked: Policy | None = None) -> Policy | None:
    """Return the policy that a report is under if the caller may be shown it: as everybody may, or as its own.

    Args:
        call: what asks for it.
        caller: who asks for it.
        report: what is asked for.
        asked: the policy, in any version, that it has to be under; none: whichever.
    """
    policy = await policies.version(call.kawal.pool, report.case.policy_version)
    if policy is None or (asked is not None and policy.name != asked.name):
        return None
    return policy if may(caller, Action.SEE, report) or _public(report, policy) else None


def _public(report: Report, policy: Policy) -> bool:
    """A report that is not routed yet has nobody bypassed yet, either: its category tells."""
    return visibility.seen_by_public(report.case) and report.case.category not in hidden_categories(policy)


def hidden_categories(policy: Policy) -> tuple[str, ...]:
    """Return the categories of which the public sees nothing, whoever is accused: whistle-blowing."""
    return tuple(category.code for category in policy.categories if category.bypasses_respondent)
