"""One delivery lived through the pure core: what the carrier tells and answers, and how much time passes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from domain import working_time
from domain.delivery import decide, evolve_all, next_moment, todo
from domain.delivery_events import (
    Asked,
    CancellationAsked,
    CancellationTried,
    ClaimFiled,
    Event,
    Ordered,
    Planned,
    TimeReached,
    ToldOf,
)
from domain.delivery_view import result, view
from schemas.calendar import limit
from schemas.carrier import CarrierEvent, FailureReason, OrderRef, Relation, Scan
from schemas.delivery import (
    ENDS,
    AskOutcome,
    ClaimOutcome,
    DeliveryPlan,
    DeliveryPlanReply,
    DeliveryResult,
    DeliveryStanding,
    DeliveryStart,
    DeliveryState,
    DeliveryStatus,
    DeliveryStep,
    DeliveryTransition,
    DeliveryView,
    OrderOutcome,
)
from schemas.post import DeliveryTerms, Proof, Recipient, Watch
from tests import making
from tests.making import NOON

Stored = TypeVar("Stored", bound=BaseModel)

SIGNED = (Proof.SIGNATURE,)
WATCH = Watch(first=limit("1 day"), longest=limit("4 days"), lost_after=limit("21 days"))


def revived(stored: Stored) -> Stored:
    """Return what comes back from the database or from the history before."""
    return type(stored).model_validate_json(stored.model_dump_json())


def start(**changes: Any) -> DeliveryStart:
    """Return a delivery that was ordered at noon."""
    fields: dict[str, Any] = {
        "delivery_id": "req-7-d1",
        "service": "papers",
        "ordered_by": "req-7",
        "recipient": "recipient-of-req-7",
        "region": "north",
        "policy_version": "test",
        "ordered_at": NOON,
    }
    return DeliveryStart(**(fields | changes))


def plan(
    *, handed_to: Recipient = Recipient.OWNER, due: str = "5 days", watch: Watch = WATCH, **terms: Any
) -> DeliveryPlan:
    """Return the rules of a delivery under a calendar that is always open."""
    calendar = making.calendar()
    return DeliveryPlan(
        terms=DeliveryTerms.model_validate({"within": due} | terms),
        handed_to=handed_to,
        watch=watch,
        calendar=calendar,
        due=working_time.due(calendar, NOON, limit(due)),
        point="35100",
        point_km=2,
    )


def scanned(event_id: str, scan: Scan, hours: float = 0, **fields: Any) -> CarrierEvent:
    """Return a scan so many hours after noon, of the first order unless told otherwise."""
    at = NOON + timedelta(hours=hours)
    return CarrierEvent.model_validate({"event_id": event_id, "order": 1, "scan": scan, "at": at} | fields)


class Carried:
    """A delivery, taken by the carrier at noon. The engine is awake, and does at once whatever it has to do.

    The carrier takes what it is given, tells nothing by itself, files claims and cancels, unless told otherwise.
    """

    def __init__(self, rules: DeliveryPlan | None = None, *, takes: bool = True, **changes: Any) -> None:
        self.takes, self.claims, self.cancels, self.reached = takes, True, True, True
        self.knows: tuple[CarrierEvent, ...] = ()
        """What the carrier answers when it is asked."""
        self.state = DeliveryState(start=start(**changes))
        self.now = NOON
        self.timeline: list[DeliveryTransition] = []
        self.asked_at: list[datetime] = []
        self._told = 0
        self.happens(Planned(NOON, DeliveryPlanReply(plan=rules or plan())))

    def happens(self, event: Event) -> tuple[DeliveryTransition, ...]:
        """Let something happen, and the engine do what it leads to; return what the event itself led to."""
        transitions = self.decides(event)
        while (step := todo(self.state, None)) is not None:
            self.decides(self.answer(step))
        return transitions

    def decides(self, event: Event) -> tuple[DeliveryTransition, ...]:
        """Let something happen, and the engine do nothing yet."""
        transitions = decide(self.state, event)
        self.timeline += transitions
        self.state = evolve_all(self.state, transitions)
        return transitions

    def answer(self, step: DeliveryStep) -> Event:
        """Return what the carrier answers to a step."""
        number = self.state.now.order
        match step:
            case DeliveryStep.ORDER:
                taken = OrderRef(order_id=f"or-{number}", waybill=f"P2611220000{number}")
                refused = OrderOutcome(reason=FailureReason.NO_COURIER, problem="destination.address")
                return Ordered(self.now, OrderOutcome(taken=taken) if self.takes else refused)
            case DeliveryStep.CLAIM:
                return ClaimFiled(self.now, ClaimOutcome(claim=f"cl-{number}" if self.claims else None))
            case DeliveryStep.CANCEL:
                return CancellationTried(self.now, self.cancels)
            case DeliveryStep.ASK:
                self.asked_at.append(self.now)
                return Asked(self.now, AskOutcome(events=self.knows, reached=self.reached))

    def tells(self, scan: Scan, *, ago: timedelta = timedelta(), **fields: Any) -> tuple[DeliveryTransition, ...]:
        """Let the carrier tell now of a scan that happened some time ago."""
        self._told += 1
        return self.happens(ToldOf(self.now, scanned(f"ev-{self._told}", scan, **({"at": self.now - ago} | fields))))

    def hands_over(self, *, order: int = 1, ago: timedelta = timedelta(), **fields: Any) -> None:
        """Let the carrier tell of a handover, proven and into the right hands unless told otherwise."""
        said = {"relation": Relation.OWNER, "proofs": SIGNED, "order": order} | fields
        self.tells(Scan.DELIVERED, ago=ago, **said)

    def cancel(self, message_id: str = "no-more") -> tuple[DeliveryTransition, ...]:
        """Let somebody not want it any more."""
        return self.happens(CancellationAsked(self.now, message_id))

    def passes(self, **time: float) -> None:
        """Let time pass; the engine wakes whenever it has to, and asks when it is time to."""
        end = self.now + timedelta(**time)
        while (moment := next_moment(self.state)) is not None and moment <= end:
            assert moment >= self.now, "nothing that was due is left over"
            self.now = moment
            self.happens(TimeReached(moment))
            if todo(self.state, moment) is DeliveryStep.ASK:
                self.happens(self.answer(DeliveryStep.ASK))
            after = next_moment(self.state)
            assert after is None or after > moment or self.state.over, "it gets further each time"
        self.now = end

    def lives_on(self) -> None:
        """Let time pass until the engine waits for nothing any more."""
        while (moment := next_moment(self.state)) is not None:
            self.passes(seconds=(moment - self.now).total_seconds())

    @property
    def status(self) -> DeliveryStatus:
        """How it stands."""
        return self.standing.status

    @property
    def standing(self) -> DeliveryStanding:
        """All that can change about it."""
        return self.state.now

    @property
    def over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state.over

    @property
    def kinds(self) -> list[str]:
        """What happened, but for silence."""
        return [transition.kind.value for transition in self.timeline if transition.kind != "silent"]

    @property
    def shown(self) -> DeliveryView:
        """It as people see it."""
        return view(self.state)

    @property
    def result(self) -> DeliveryResult:
        """How it ended."""
        return result(self.state)


CLAIMABLE = (DeliveryStatus.LOST, DeliveryStatus.SPOILED, DeliveryStatus.MISDELIVERED, DeliveryStatus.UNPROVEN)
END_OF_TIME = datetime(2199, 1, 1, tzinfo=UTC)


def unsound(state: DeliveryState) -> Iterator[str]:
    """Yield what cannot be about a delivery, however it came to it."""
    now = state.now
    if state.over:
        if now.status not in ENDS:
            yield f"over, and {now.status}"
        if now.step is not None or todo(state, END_OF_TIME) is not None or next_moment(state) is not None:
            yield "over, and something is to be done or waited for"
    elif state.plan is not None and now.step is None and next_moment(state) is None:
        yield "nobody will ever wake it again"
    yield from _unsound_orders(state)


def _unsound_orders(state: DeliveryState) -> Iterator[str]:
    now = state.now
    if state.plan is not None and len(now.orders) > state.plan.terms.reissues + 1:
        yield "more orders than the service allows"
    if now.step is DeliveryStep.ORDER and len(now.orders) != now.order - 1:
        yield "an order is to be placed that was placed"
    if now.step in (DeliveryStep.CLAIM, DeliveryStep.CANCEL) and len(now.orders) != now.order:
        yield f"{now.step}, and the order is not placed"
    if now.step is DeliveryStep.CLAIM and now.status not in CLAIMABLE:
        yield f"{now.status} cannot be claimed"
