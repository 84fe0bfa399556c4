"""How often the policy puts the same agency in charge as the source did, and how often its categories alone would."""

from collections.abc import Sequence
from functools import lru_cache

from domain.routing import route
from schemas.case import TriageReason
from schemas.policy import Policy
from simulation.learning import Split, learn_by_category
from simulation.reading import NO_CATEGORY, Matter
from simulation.report import RoutingScore


class Router:
    """The routes of one policy, remembered: the same question comes thousands of times."""

    def __init__(self, policy: Policy) -> None:
        self._route = lru_cache(maxsize=None)(lambda category, region: route(policy, category, region))

    def __call__(self, matter: Matter) -> str | TriageReason:
        """Return the agency in charge, or why there is none."""
        answer: str | TriageReason = self._route(matter.category, matter.region)
        return answer


def score(policy: Policy, matters: Sequence[Matter], parts: Split) -> RoutingScore:
    """Hold the policy against the part that it was not learnt from, beside what knowing the category alone gives."""
    router, by_category = Router(policy), learn_by_category(parts.training)
    answers = [(router(matter), matter.agency) for matter in parts.held_out]
    right = sum(answer == agency for answer, agency in answers)
    named = [matter for matter in matters if matter.agency and matter.category != NO_CATEGORY]
    return RoutingScore(
        trained_on=len(parts.training),
        tested_on=len(parts.held_out),
        right=right,
        share=_share(right, len(parts.held_out)),
        baseline=_share_right(by_category, parts.held_out),
        baseline_whole=_share_right(learn_by_category(named), named),
        to_triage=sum(isinstance(answer, TriageReason) for answer, _ in answers),
        routes=len(policy.routes),
    )


def _share_right(by_category: dict[str, str], matters: Sequence[Matter]) -> float:
    return _share(sum(by_category.get(matter.category) == matter.agency for matter in matters), len(matters))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
