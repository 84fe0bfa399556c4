"""What happened in a story, in plain words: from the transitions of its request, its cases and its deliveries."""

from datetime import datetime
from typing import NamedTuple

from schemas.carrier import CarrierEvent, Scan
from schemas.case import TransitionKind as CaseKind
from schemas.delivery import DeliveryTransition
from schemas.delivery import DeliveryTransitionKind as DeliveryKind
from schemas.delivery_status import DeliveryStatus
from schemas.ledger import LedgerEntry
from schemas.service_request import RequestTransition
from schemas.service_request import RequestTransitionKind as Kind


class Happening(NamedTuple):
    """One thing that happened."""

    at: datetime
    what: str
    step: str | None = None
    """The same in a word or two, when it is a step of the way; None: only for those who want to know all."""


_OF_A_REQUEST: dict[Kind, tuple[str, str | None]] = {
    Kind.RECEIVED: ("asked for", None),
    Kind.PREPARED: ("the agency has prepared it", "prepared"),
    Kind.DECLINED: ("the agency has declined it", "declined"),
    Kind.PAYMENT_ASKED: ("it can be paid at the counters of the post", None),
    Kind.PAID: ("paid at a counter", "paid"),
    Kind.PAID_TOO_MUCH: ("paid without being due", "paid too much"),
    Kind.EXPIRED: ("not paid in time", "not paid"),
    Kind.VOIDED: ("nobody can pay for it any more", None),
    Kind.DELIVERED: ("in the right hands", None),
    Kind.CONFIRMED: ("the recipient has confirmed it", "confirmed"),
    Kind.DISPUTED: ("the recipient disputes the receipt", "disputed"),
    Kind.DISPUTE_SETTLED: ("the dispute is settled", "settled"),
    Kind.CANCELLED: ("not wanted any more", "cancelled"),
    Kind.REFUNDED: ("the money was given back", "refunded"),
    Kind.REFUND_FAILED: ("the money could not be given back: people have to look", "not refunded"),
    Kind.STOPPED: ("whoever works on it was told to stop", None),
    Kind.REFUSED_MESSAGE: ("a message was refused", None),
}

_OF_A_DELIVERY: dict[DeliveryKind, tuple[str, str | None]] = {
    DeliveryKind.PLANNED: ("the post is chosen", None),
    DeliveryKind.ORDERED: ("the carrier takes it", None),
    DeliveryKind.REISSUED: ("the carrier takes another one in its place", "sent again"),
    DeliveryKind.OVERDUE: ("its delivery is overdue", None),
    DeliveryKind.LEG_OVERDUE: ("a leg of its way is overdue", None),
    DeliveryKind.PRESUMED_LOST: ("silent for so long that it counts as lost", "lost"),
    DeliveryKind.PROOFS_OVERDUE: ("its proofs did not come in time", "never proven"),
    DeliveryKind.CLAIMED: ("a claim is filed with the carrier", "claimed"),
    DeliveryKind.CANCELLATION_ASKED: ("the carrier is asked to stop it", None),
    DeliveryKind.TOO_LATE: ("it is too late to stop it", None),
    DeliveryKind.REFUSED_MESSAGE: ("a message about its delivery was refused", None),
    DeliveryKind.ENDED: ("its delivery is over", None),
}

_SCANS: dict[Scan, str] = {
    Scan.ARRIVED: "at the hub",
    Scan.FAILED: "in vain at the door",
    Scan.HELD: "the post keeps it for collection",
    Scan.DELIVERED: "handed over",
    Scan.PROVEN: "the proofs come in",
    Scan.RETURNING: "on its way back",
    Scan.RETURNED: "back at the sender",
    Scan.LOST: "lost",
    Scan.DISPOSED: "disposed of",
    Scan.REJECTED: "the carrier does not take it",
    Scan.CANCELLED: "stopped",
}

_STANDING: dict[DeliveryStatus, str] = {
    DeliveryStatus.HANDED_OVER: "handed over",
    DeliveryStatus.LOST: "lost",
    DeliveryStatus.DELIVERED: "delivered",
    DeliveryStatus.RETURNED: "returned",
    DeliveryStatus.SPOILED: "spoiled",
    DeliveryStatus.MISDELIVERED: "in the wrong hands",
    DeliveryStatus.REFUSED: "not taken",
    DeliveryStatus.CANCELLED: "stopped",
    DeliveryStatus.HELD: "kept",
}
"""Standings that are steps of the way."""

_OF_A_CASE: dict[str, tuple[str, str | None]] = {
    CaseKind.BREACHED: ("the agency is late", "agency late"),
    CaseKind.ESCALATED: ("a superior has it now", None),
}


def of_request(transition: RequestTransition) -> Happening:
    """Return what a transition of a request says."""
    money = transition.payment or transition.refund
    what, step = _OF_A_REQUEST.get(transition.kind, (f"not delivered: {transition.after.outcome}", None))
    again = " again" if transition.kind is Kind.PREPARED and transition.after.round > 1 else ""
    return Happening(transition.at, f"{what}: Rp {money.amount:,}" if money else what + again, step and step + again)


def of_delivery(transition: DeliveryTransition, before: DeliveryStatus) -> Happening | None:
    """Return what a transition of a delivery says; None when the carrier was asked and knew nothing new."""
    if transition.kind is DeliveryKind.SILENT:
        return None
    changed = _STANDING.get(transition.after.status) if transition.after.status is not before else None
    if transition.event is not None:
        return Happening(transition.at, _told(transition.event), changed)
    what, step = _OF_A_DELIVERY[transition.kind]
    return Happening(transition.at, what, step or changed)


def _told(event: CarrierEvent) -> str:
    parts = [
        _SCANS.get(event.scan, str(event.scan)),
        f"to: {event.relation}" if event.relation else "",
        str(event.reason) if event.reason else "",
        f"at most {event.temperatures.highest:g} degrees" if event.temperatures else "",
        f"Rp {event.amount:,}" if event.amount else "",
    ]
    return ", ".join(part for part in parts if part)


def of_case(kind: str, at: datetime) -> Happening | None:
    """Return what a transition of a case says; None when it only repeats what its request says."""
    found = _OF_A_CASE.get(kind)
    return Happening(at, *found) if found else None


def of_sanction(entry: LedgerEntry) -> Happening:
    """Return what an entry of a sanction ledger says."""
    return Happening(entry.at, f"a sanction is {entry.kind} ({entry.sanction})", f"sanction {entry.kind}")
