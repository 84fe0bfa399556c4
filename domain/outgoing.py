"""What other systems are told of what was committed: ids, codes and moments, and nothing that anybody wrote."""

from domain.visibility import seen_by_public
from schemas.case import CaseView, CommitRequest, Transition
from schemas.delivery import DeliveryCommit, DeliveryTransition, DeliveryView
from schemas.service_request import RequestCommit, RequestTransition, RequestView
from schemas.webhooks import About, Event, type_of


def told_to_all(case: CaseView) -> bool:
    """Return whether others than the channel that a case came in by may be told of it.

    Not of one that is confidential, and of none that accuses an agency: whether such a report has to go past that
    agency is known only once it is routed.
    """
    return seen_by_public(case) and case.respondent is None


def of_case(request: CommitRequest) -> list[Event]:
    """Return the events of a commit, in the order in which they happened."""
    return [_case_event(request.case, transition) for transition in request.transitions]


def _case_event(case: CaseView, transition: Transition) -> Event:
    return Event(
        id=f"{About.CASE}/{case.case_id}/{transition.seq}",
        type=type_of(About.CASE, transition.kind),
        subject=case.case_id,
        at=transition.at,
        data={
            "case_id": case.case_id,
            "seq": transition.seq,
            "status": transition.status,
            "level": transition.level,
            "due_at": transition.clock.due.at.isoformat() if transition.clock else None,
            "channel": case.channel,
            "category": case.category,
            "region": case.region,
            "agency": case.agency,
        },
    )


def of_request(request: RequestCommit) -> list[Event]:
    """Return the events of a commit, in the order in which they happened."""
    return [_request_event(request.request, transition) for transition in request.transitions]


def _request_event(request: RequestView, transition: RequestTransition) -> Event:
    return Event(
        id=f"{About.REQUEST}/{request.request_id}/{transition.seq}",
        type=type_of(About.REQUEST, transition.kind),
        subject=request.request_id,
        at=transition.at,
        data={
            "request_id": request.request_id,
            "seq": transition.seq,
            "status": transition.after.status,
            "outcome": transition.after.outcome,
            "channel": request.channel,
            "service": request.service,
            "region": request.region,
            "case_id": request.case_id,
            "delivery_id": request.delivery_id,
        },
    )


def of_delivery(request: DeliveryCommit) -> list[Event]:
    """Return the events of a commit, in the order in which they happened."""
    return [_delivery_event(request.delivery, transition) for transition in request.transitions]


def _delivery_event(delivery: DeliveryView, transition: DeliveryTransition) -> Event:
    told = transition.event
    return Event(
        id=f"{About.DELIVERY}/{delivery.delivery_id}/{transition.seq}",
        type=type_of(About.DELIVERY, transition.kind),
        subject=delivery.delivery_id,
        at=transition.at,
        data={
            "delivery_id": delivery.delivery_id,
            "seq": transition.seq,
            "status": transition.after.status,
            "ordered_by": delivery.ordered_by,
            "service": delivery.service,
            "order": transition.after.order,
            "scan": told.scan if told else None,
            "scanned_at": told.at.isoformat() if told else None,
            "reason": told.reason if told else None,
            "due_at": delivery.due.at.isoformat() if delivery.due else None,
        },
    )
