"""What Temporal's own UI and CLI can search cases by. Plain text for everybody there: never personal data."""

from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from schemas.case import CaseView
from schemas.complaint import Complaint
from schemas.status import Status

AGENCY = SearchAttributeKey.for_keyword("KawalAgency")
REGION = SearchAttributeKey.for_keyword("KawalRegion")
CATEGORY = SearchAttributeKey.for_keyword("KawalCategory")
QUEUE = SearchAttributeKey.for_keyword("KawalQueue")
STATUS = SearchAttributeKey.for_keyword("KawalStatus")
LEVEL = SearchAttributeKey.for_int("KawalLevel")
DUE = SearchAttributeKey.for_datetime("KawalDue")

KEYS: tuple[SearchAttributeKey[str] | SearchAttributeKey[int] | SearchAttributeKey[datetime], ...] = (
    AGENCY,
    REGION,
    CATEGORY,
    QUEUE,
    STATUS,
    LEVEL,
    DUE,
)


def at_the_start(complaint: Complaint) -> TypedSearchAttributes:
    """Return what is known before routing; set with the start, these cost nothing."""
    pairs: list[SearchAttributePair[str]] = [
        SearchAttributePair(CATEGORY, complaint.category),
        SearchAttributePair(STATUS, Status.RECEIVED.value),
    ]
    if complaint.region is not None:
        pairs.append(SearchAttributePair(REGION, complaint.region))
    return TypedSearchAttributes(pairs)


def changes(case: CaseView, shown: CaseView | None) -> list[SearchAttributeUpdate[Any]]:
    """Return the updates, for one batched upsert, that take what is shown to how the case stands; empty when alike."""
    now, before = _values(case), _values(shown) if shown else {}
    return [update for key, update in now.items() if before.get(key) != update]


def _values(case: CaseView) -> dict[str, SearchAttributeUpdate[Any]]:
    updates: list[SearchAttributeUpdate[Any]] = [
        STATUS.value_set(case.status.value),
        LEVEL.value_set(case.level),
        AGENCY.value_set(case.agency) if case.agency else AGENCY.value_unset(),
        QUEUE.value_set(case.queue) if case.queue else QUEUE.value_unset(),
        DUE.value_set(case.due.at) if case.due else DUE.value_unset(),
    ]
    return {update.key.name: update for update in updates}
