"""What all that a carrier told about an order amounts to, in whichever order it came in."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import takewhile

from schemas.carrier import DECISIVE, CarrierEvent, FailureReason, Relation, Scan
from schemas.delivery import DeliveryStatus
from schemas.post import DeliveryTerms, Recipient

_STATUS = {
    Scan.ARRIVED: DeliveryStatus.ON_THE_WAY,
    Scan.FAILED: DeliveryStatus.ATTEMPTED,
    Scan.HELD: DeliveryStatus.HELD,
    Scan.RETURNING: DeliveryStatus.RETURNING,
    Scan.RETURNED: DeliveryStatus.RETURNED,
    Scan.LOST: DeliveryStatus.LOST,
    Scan.DISPOSED: DeliveryStatus.SPOILED,
    Scan.REJECTED: DeliveryStatus.REFUSED,
    Scan.CANCELLED: DeliveryStatus.CANCELLED,
}
_HANDOVERS = (Scan.DELIVERED, Scan.PROVEN)
_STANDS = (DeliveryStatus.DELIVERED, DeliveryStatus.SPOILED)
_ORDER_AT_ONE_MOMENT = {scan: number for number, scan in enumerate(Scan)}
_MAY_TAKE_IT = {
    Recipient.OWNER: (Relation.OWNER,),
    Recipient.HOUSEHOLD: (Relation.OWNER, Relation.HOUSEHOLD),
    Recipient.ANYONE: tuple(Relation),
}


@dataclass(frozen=True)
class News:
    """What is known of an order."""

    status: DeliveryStatus | None = None
    """None: nothing decisive."""
    attempts: int = 0
    reason: FailureReason | None = None
    delivered_at: datetime | None = None
    """When it was handed over, to whomever; None: nobody says that it was."""
    arrivals: dict[str, datetime] = field(default_factory=dict)
    """When it first was at which hub."""
    money: dict[str, int | None] = field(default_factory=dict)
    """Rupiah that changed hands at the door, by receipt."""
    contradicted: bool = False
    """Something went on after it was proven to be handed over."""


def news(events: Iterable[CarrierEvent], order: int, terms: DeliveryTerms, handed_to: Recipient) -> News:
    """Return what is known of one order of a delivery.

    A handover into the right hands that is proven stands, whatever was scanned after it; one that is not, or that went
    to somebody else, gives way to what happened later. All else is as the last thing that happened says, by the
    carrier's own clock.
    """
    told = sorted(
        (e for e in events if e.order == order and e.scan in DECISIVE),
        key=lambda e: (e.at, _ORDER_AT_ONE_MOMENT[e.scan], e.model_dump_json(exclude={"event_id"})),
    )
    if not told:
        return News()
    reasons = [event.reason for event in told if event.reason is not None]
    known = News(
        status=_last_status(told),
        attempts=sum(event.scan is Scan.FAILED for event in told),
        reason=reasons[-1] if reasons else None,
        arrivals=_arrivals(told),
        money={event.receipt: event.amount for event in told if event.receipt is not None},
    )
    return _with_handovers(known, told, terms, handed_to)


def _with_handovers(known: News, told: list[CarrierEvent], terms: DeliveryTerms, handed_to: Recipient) -> News:
    handed = [event for event in told if event.scan in _HANDOVERS]
    if not handed:
        return known
    verdicts = [_handed_over(handed[:number], terms, handed_to) for number in range(1, len(handed) + 1)]
    settling = next((n for n, verdict in enumerate(verdicts) if verdict in _STANDS), None)
    last = handed[-1 if settling is None else settling]
    disputed = any(event.at > last.at and event.scan not in _HANDOVERS for event in told)
    return replace(
        known,
        status=known.status if settling is None and disputed else verdicts[-1 if settling is None else settling],
        delivered_at=_handed_over_at(told, last),
        contradicted=settling is not None and disputed,
    )


def _last_status(told: list[CarrierEvent]) -> DeliveryStatus | None:
    """Return where the last scan that is no handover leaves it; on its way back it comes through hubs, too."""
    scans = [event.scan for event in told if event.scan not in _HANDOVERS]
    if not scans:
        return None
    here = [scan for scan in scans if scan is not Scan.ARRIVED]
    return _STATUS[Scan.RETURNING if here and here[-1] is Scan.RETURNING else scans[-1]]


def _arrivals(told: list[CarrierEvent]) -> dict[str, datetime]:
    """Return when it first was at which hub, on its way there."""
    found: dict[str, datetime] = {}
    for event in takewhile(lambda event: event.scan is not Scan.RETURNING, told):
        if event.scan is Scan.ARRIVED and event.point is not None:
            found.setdefault(event.point, event.at)
    return found


def _handed_over_at(told: list[CarrierEvent], last: CarrierEvent) -> datetime:
    """Return when it was handed over: of several such scans in a row, the first; others in between tell them apart."""
    at = last.at
    for event in reversed(told[: told.index(last)]):
        if event.scan not in _HANDOVERS:
            break
        at = event.at
    return at


def _handed_over(handed: list[CarrierEvent], terms: DeliveryTerms, handed_to: Recipient) -> DeliveryStatus:
    """Return what handovers amount to: who took it, whether it was still good, and whether all is proven."""
    relations = [event.relation for event in handed if event.relation is not None]
    if relations and relations[-1] not in _MAY_TAKE_IT[handed_to]:
        return DeliveryStatus.MISDELIVERED
    measured = [event.temperatures for event in handed if event.temperatures is not None]
    if terms.temperatures is not None and not all(terms.temperatures.holds(range_) for range_ in measured):
        return DeliveryStatus.SPOILED
    shown = {proof for event in handed for proof in event.proofs}
    complete = bool(relations) and shown.issuperset(terms.proofs)
    return DeliveryStatus.DELIVERED if complete else DeliveryStatus.HANDED_OVER
