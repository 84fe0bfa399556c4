"""What is told of each service of a policy, and how it has to end: read off the service's terms, so for any policy."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from itertools import count

from pydantic import Field

from schemas.base import Code, Model
from schemas.delivery_status import DeliveryStatus
from schemas.policy import Policy, Service
from schemas.post import PointKind
from schemas.service_request import Recipient, RequestIntake, RequestStatus
from simulation.hurry import hurried
from simulation.story_turns import FAILURES, FURTHER, GOOD, PER_DAY, Sign, Turn, is_paid_first

CHANNEL = "demonstration"
PERIOD = "2026-11"
_TO_PAY, _TO_PAY_OUT = 250_000, 600_000
_TWICE = "; who asks twice is refused"


class Way(StrEnum):
    """Which of its ways a service goes in a story."""

    GOOD = "good end"
    FAILURE = "failure path"


class Ending(Model):
    """How a request ends."""

    status: RequestStatus
    deliveries: tuple[DeliveryStatus, ...] = Field(default=(), description="how each ended, in order")
    paid: int = Field(default=0, description="rupiah")
    refunded: int = Field(default=0, description="rupiah")
    paid_out: int = Field(default=0, description="rupiah")


class Story(Model):
    """One request, what happens to it, and how it has to end."""

    number: int
    way: Way
    title: str
    course: str = Field(description="the carrier's scenario for the first order; all others go well")
    pays: bool = Field(description="whether somebody pays what is to be paid at a counter")
    disputes: bool = Field(description="whether the recipient disputes the first receipt")
    agency_late: bool = Field(description="whether the agency lets its time pass")
    asks_twice: bool = Field(description="whether the same person asks a second time meanwhile")
    intake: RequestIntake
    expected: Ending
    signs: frozenset[Sign]

    @property
    def service(self) -> Code:
        """What is requested."""
        return self.intake.service

    @property
    def request_id(self) -> str:
        """Names the request."""
        return f"demo-{self.number}"

    @property
    def first_order(self) -> str:
        """What the carrier knows the first order under."""
        return f"{self.request_id}-d1.1"


_PREPARED_AGAIN_AFTER = frozenset({DeliveryStatus.CLAIMED, DeliveryStatus.SPOILED, DeliveryStatus.MISDELIVERED})


def stories(policy: Policy) -> tuple[Story, ...]:
    """Return what is told of a policy: each service once to its good end and once through a failure, and some more.

    Raises:
        ValueError: it has no services.
    """
    if not policy.services:
        raise ValueError(f"services: the policy {policy.name} has none: add them to services.toml")
    numbers = count(1)
    services = hurried(policy, day=PER_DAY).services
    chosen = [
        *((service, Way.GOOD, GOOD) for service in services),
        *((service, Way.FAILURE, turn) for service, turn in _failures(services)),
        *((service, Way.FAILURE, turn) for service, turn in _further(services)),
    ]
    order = [service.code for service in services]
    chosen.sort(key=lambda one: order.index(one[0].code))
    return tuple(_story(policy, next(numbers), service, way, turn) for service, way, turn in chosen)


def _failures(services: tuple[Service, ...]) -> Iterator[tuple[Service, Turn]]:
    told: list[Turn] = []
    for service in services:
        fitting = [turn for turn in FAILURES if turn.fits(service)]
        turn = next((turn for turn in fitting if turn not in told), fitting[0])
        told.append(turn)
        yield service, turn


def _further(services: tuple[Service, ...]) -> Iterator[tuple[Service, Turn]]:
    told = Counter[Code]()
    for turn in FURTHER:
        fitting = [service for service in services if turn.fits(service)]
        if fitting:
            chosen = min(fitting, key=lambda service: (told[service.code], service.prepared_within.value))
            told[chosen.code] += 1
            yield chosen, turn


def _story(policy: Policy, number: int, service: Service, way: Way, turn: Turn) -> Story:
    asks_twice = service.once_per_period and way is Way.FAILURE
    expected, signs = _ending(service, turn)
    return Story(
        number=number,
        way=way,
        title=turn.title.format(attempts=service.delivery.attempts) + (_TWICE if asks_twice else ""),
        course=turn.course,
        pays=turn.pays,
        disputes=turn.disputes,
        agency_late=turn.agency_late,
        asks_twice=asks_twice,
        intake=_intake(policy, number, service),
        expected=expected,
        signs=signs | ({Sign.SECOND_REFUSED} if asks_twice else set()),
    )


def _ending(service: Service, turn: Turn) -> tuple[Ending, frozenset[Sign]]:
    """Return how a request ends by the service's terms, and what has to be seen on its way."""
    if not turn.pays:
        return Ending(status=RequestStatus.EXPIRED), turn.signs
    sent_again = turn.first is DeliveryStatus.CLAIMED and service.delivery.reissues > 0
    first = DeliveryStatus.DELIVERED if sent_again else turn.first
    can_be_again = service.prepare_again > 0 and not service.pays_out
    prepared_again = can_be_again and (turn.disputes or first in _PREPARED_AGAIN_AFTER)
    deliveries = (first, DeliveryStatus.DELIVERED) if prepared_again else (first,)
    arrived = deliveries[-1] is DeliveryStatus.DELIVERED
    paid = (amount_of(service) or 0) if service.payment and (is_paid_first(service) or arrived) else 0
    given_back = service.payment is not None and service.payment.refunded and not arrived
    ending = Ending(
        status=RequestStatus.COMPLETED if arrived else RequestStatus.UNDELIVERED,
        deliveries=deliveries,
        paid=paid,
        refunded=paid if given_back else 0,
        paid_out=(amount_of(service) or 0) if service.pays_out and arrived else 0,
    )
    seen = {Sign.SENT_AGAIN: sent_again, Sign.PREPARED_AGAIN: prepared_again}
    return ending, turn.signs | {sign for sign, is_seen in seen.items() if is_seen}


def amount_of(service: Service) -> int | None:
    """Return what is paid for a service or paid out by it, in rupiah; None when no money changes hands."""
    if service.pays_out:
        return _TO_PAY_OUT
    return (service.payment.amount or _TO_PAY) if service.payment else None


def _intake(policy: Policy, number: int, service: Service) -> RequestIntake:
    """Return what somebody asks for, each story somebody else: invented, near a point that carries such things."""
    region, place = _somewhere(policy, service)
    return RequestIntake(
        channel=CHANNEL,
        service=service.code,
        region=region,
        recipient=Recipient(
            name=f"Penerima {number}",
            national_id=f"187101010190{number:04d}",
            phone=f"+62812000{number:05d}",
            address=f"Jalan Contoh {number}",
            latitude=place[0] if place else None,
            longitude=place[1] if place else None,
        ),
        amount=amount_of(service),
        period=PERIOD if service.once_per_period else None,
    )


def _somewhere(policy: Policy, service: Service) -> tuple[Code | None, tuple[float, float] | None]:
    """Return a region in which an agency prepares a service, and where it is handed over, if anybody knows."""
    routed = {route.region for route in policy.routes if route.category == service.category}
    parents = {region.code: region.parent for region in policy.regions}
    regions = [region for region in parents if _within(region, routed, parents)]
    able = [p for p in policy.post.points if p.kind is not PointKind.HUB and service.delivery.carriage in p.carries]
    point = next((point for point in able if point.region in regions), able[0] if able else None)
    place = (point.latitude, point.longitude) if point else None
    if point is not None and point.region in regions:
        return point.region, place
    return next(iter(regions), None), place


def _within(region: Code | None, routed: set[Code | None], parents: dict[Code, Code | None]) -> bool:
    """Return whether a region or one around it is routed; a route without a region holds everywhere."""
    while region is not None and region not in routed:
        region = parents.get(region)
    return region in routed
