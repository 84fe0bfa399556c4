"""The turns that a service's delivery can take, and which services each is possible for. Data."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from schemas.delivery_status import DeliveryStatus
from schemas.policy import Service
from schemas.post import Carriage, PaymentTime, Proof, Recipient

PER_DAY = 100
"""Services are looked at with all limits in one unit, a hundredth of a day."""
_PROOFS_TAKE = 3.5
"""Days at most, until those come in that were captured without a network."""


class Sign(StrEnum):
    """What has to be seen in a story, beside its end."""

    CLAIMED = "a claim was filed"
    SENT_AGAIN = "another one was sent"
    PREPARED_AGAIN = "it was prepared again"
    PROVEN_LATER = "the proofs came in later"
    AGENCY_LATE = "the agency was late"
    SECOND_REFUSED = "a second request of the same person was refused"


@dataclass(frozen=True)
class Turn:
    """A turn that things can take, and for which services."""

    title: str
    fits: Callable[[Service], bool] = lambda _: True
    course: str = "good"
    first: DeliveryStatus = DeliveryStatus.DELIVERED
    """How the first delivery ends."""
    pays: bool = True
    disputes: bool = False
    agency_late: bool = False
    signs: frozenset[Sign] = frozenset()


def is_paid_first(service: Service) -> bool:
    """Return whether it is paid for at a counter, before it is delivered."""
    return service.payment is not None and service.payment.due is PaymentTime.BEFORE_DELIVERY


def _no_money_at_the_door(service: Service) -> bool:
    return not service.pays_out and (service.payment is None or is_paid_first(service))


def _is_proven_by_photograph(service: Service) -> bool:
    """Whether so much is captured at the door that it may come in late, and is waited for."""
    terms = service.delivery
    return Proof.FACE_PHOTO in terms.proofs and terms.proofs_within.value > _PROOFS_TAKE * PER_DAY


_CLAIMED = frozenset({Sign.CLAIMED})

GOOD = Turn("all goes well")

FAILURES = (
    Turn(
        "the cold chain breaks: spoiled",
        lambda s: s.delivery.carriage is Carriage.COLD and _no_money_at_the_door(s),
        course="spoiled",
        first=DeliveryStatus.SPOILED,
        signs=_CLAIMED,
    ),
    Turn(
        "the ID does not match: goes back, nothing is paid out",
        lambda s: s.pays_out and Proof.ID_MATCH in s.delivery.proofs,
        course="id_mismatch",
        first=DeliveryStatus.RETURNED,
    ),
    Turn(
        "lost at the first hub",
        lambda s: bool(s.delivery.legs),
        course="lost_at_hub",
        first=DeliveryStatus.CLAIMED,
        signs=_CLAIMED,
    ),
    Turn(
        "lost on the way: another one is sent",
        lambda s: s.delivery.reissues > 0,
        course="lost",
        first=DeliveryStatus.CLAIMED,
        signs=_CLAIMED,
    ),
    Turn(
        "nobody there, {attempts} times; never collected: goes back",
        lambda s: s.handed_to is Recipient.OWNER,
        course="never_collected",
        first=DeliveryStatus.RETURNED,
    ),
    Turn(
        "paid for, and no courier is found: the money goes back",
        lambda s: is_paid_first(s) and s.payment is not None and s.payment.refunded,
        course="courier_not_found",
        first=DeliveryStatus.REFUSED,
    ),
    Turn("nobody pays: expires", is_paid_first, pays=False),
    Turn("lost on the way", course="lost", first=DeliveryStatus.CLAIMED, signs=_CLAIMED),
    Turn("no such address: goes back", course="address_unknown", first=DeliveryStatus.RETURNED),
    Turn(
        "never proven: counts as not delivered",
        _no_money_at_the_door,
        course="no_proof",
        first=DeliveryStatus.UNPROVEN,
        signs=_CLAIMED,
    ),
    Turn("damaged on the way: disposed of", course="disposed", first=DeliveryStatus.SPOILED, signs=_CLAIMED),
    Turn("the carrier does not take it", course="rejected", first=DeliveryStatus.REFUSED),
)
"""The first that fits a service and is not told of another one yet is told of it."""

FURTHER = (
    Turn(
        "no network at the door: proofs come days later",
        _is_proven_by_photograph,
        course="offline_proof",
        signs=frozenset({Sign.PROVEN_LATER}),
    ),
    Turn("the agency is late", agency_late=True, signs=frozenset({Sign.AGENCY_LATE})),
    Turn(
        "into a neighbour's hands",
        lambda s: s.handed_to is not Recipient.ANYONE and _no_money_at_the_door(s),
        course="wrong_hands",
        first=DeliveryStatus.MISDELIVERED,
        signs=_CLAIMED,
    ),
    Turn(
        "arrived damaged: the recipient disputes it",
        lambda s: s.prepare_again > 0 and not s.pays_out,
        disputes=True,
    ),
)
"""Each is told of one service more: the one that it fits, of which the least was told, the quickest to prepare."""
