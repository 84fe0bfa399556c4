"""What is asked of a carrier, for deliveries and service requests. An outage of it is waited for by Temporal."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.post_declarations import CarrierActivities
from activities.published_policies import PublishedPolicies
from carriers.circuit import Circuit
from carriers.protocol import Carrier, CarrierAwayError, CarrierRefusedError, CarrierUnreadableError, Report, Sender
from domain.working_time import length
from schemas.calendar import Limit, Unit
from schemas.carrier import DECISIVE, FailureReason
from schemas.delivery import (
    AskOutcome,
    AskRequest,
    CancelOutcome,
    ClaimOutcome,
    ClaimRequest,
    OrderOutcome,
    OrderRequest,
)
from schemas.service_request import (
    PaymentAsked,
    PaymentCode,
    RefundOutcome,
    RefundRequest,
    VoidOutcome,
    VoidRequest,
)
from storage import recipients, tracking
from storage.database import Pool
from storage.tracking import Via

_log = structlog.get_logger("carrier")

_TAKEN_OTHERWISE = "idempotency_conflict"
"""It was taken before, and the same was asked for otherwise: by no means is it refused."""

_LONGEST_HOLIDAYS = timedelta(days=14)

_OF_THE_ADDRESS = ("destination.address", "destination.postal_code", "destination.latitude", "destination.longitude")


class ContractedCarrierActivities(CarrierActivities):
    """What is asked of the carrier that a contract was made with. Each may be repeated without harm."""

    def __init__(self, pool: Pool, carrier: Carrier, circuit: Circuit) -> None:
        self._pool = pool
        self._carrier = carrier
        self._circuit = circuit
        self._policies = PublishedPolicies(pool)

    @activity.defn(name="place_order")
    async def place_order(self, request: OrderRequest) -> OrderOutcome:
        """Have the carrier take a shipment, on behalf of the jurisdiction whose policy it is.

        Raises:
            ApplicationError: the carrier is away, or what it took before under this order's name is another order.
        """
        recipient = await recipients.find(self._pool, request.delivery.recipient)
        if recipient is None:
            return OrderOutcome(reason=FailureReason.OTHER, problem="recipient")
        sender = Sender((await self._policies.version(request.delivery.policy_version)).title)
        try:
            with self._reaching():
                return OrderOutcome(taken=await self._carrier.order(request, sender, recipient))
        except CarrierRefusedError as refused:
            if refused.code == _TAKEN_OTHERWISE:
                raise _refusal(refused) from None
            return OrderOutcome(reason=_reason(refused), problem=refused.field or refused.code)

    @activity.defn(name="ask_carrier")
    async def ask_carrier(self, request: AskRequest) -> AskOutcome:
        """Return all that the carrier knows of an order, after keeping it for those who follow the delivery.

        A carrier that is away is not waited for: it is asked again later anyway, and may report by itself meanwhile.
        """
        try:
            with self._circuit.calling():
                reports = await self._carrier.events(request)
        except CarrierRefusedError as refused:
            _log.warning("the carrier does not know an order", order_id=request.order_id, code=refused.code)
            return AskOutcome()
        except (CarrierAwayError, CarrierUnreadableError) as problem:
            _log.warning("the carrier could not be asked", order_id=request.order_id, problem=str(problem))
            return AskOutcome(reached=False)
        await self._keep(request, reports)
        events = [event for event, _ in reports]
        return AskOutcome(
            events=tuple(event for event in events if event.scan in DECISIVE),
            news_at=max((event.at for event in events), default=None),
        )

    async def _keep(self, request: AskRequest, reports: list[Report]) -> None:
        """Keep what the carrier told. The workflow hears of it by our answer; if that is lost, we are asked again."""
        news = await tracking.record(self._pool, request.delivery_id, request.order_id, reports, Via.ASKED)
        decisive = [event.event_id for event in news if event.scan in DECISIVE]
        if decisive:
            await tracking.told(self._pool, request.delivery_id, decisive)

    @activity.defn(name="file_claim")
    async def file_claim(self, request: ClaimRequest) -> ClaimOutcome:
        """Claim what was lost, spoiled or given away; a carrier that takes no claim leaves it to people."""
        try:
            with self._reaching():
                return ClaimOutcome(claim=await self._carrier.claim(request))
        except CarrierRefusedError as refused:
            _log.warning("the carrier takes no claim", order_id=request.order_id, code=refused.code)
            return ClaimOutcome(claim=None)

    @activity.defn(name="cancel_order")
    async def cancel_order(self, request: AskRequest) -> CancelOutcome:
        """Stop an order, if it still can be stopped."""
        try:
            with self._reaching():
                await self._carrier.cancel(request.order_id)
        except CarrierRefusedError:
            return CancelOutcome(cancelled=False)
        return CancelOutcome(cancelled=True)

    @activity.defn(name="ask_payment")
    async def ask_payment(self, request: PaymentAsked) -> PaymentCode:
        """Have the post receive a payment at every counter, until it expires.

        Raises:
            ApplicationError: the carrier is away, or refuses, which people have to see to; both are tried again.
        """
        # of the first attempt: the same key has to stand for the same payment
        expires_at = activity.info().scheduled_time + _at_the_counter(request.within)
        try:
            with self._reaching():
                return await self._carrier.ask_payment(request, expires_at)
        except CarrierRefusedError as refused:
            raise _refusal(refused) from None

    @activity.defn(name="void_payment")
    async def void_payment(self, request: VoidRequest) -> VoidOutcome:
        """Take a payment's code back, or learn that it was paid. A code that nobody knows can never be paid."""
        try:
            with self._reaching():
                return VoidOutcome(paid=await self._carrier.void_payment(request))
        except CarrierRefusedError as refused:
            _log.warning("the carrier does not void a payment", request_id=request.request_id, code=refused.code)
            return VoidOutcome()

    @activity.defn(name="refund_payment")
    async def refund_payment(self, request: RefundRequest) -> RefundOutcome:
        """Give a payment back; a refusal leaves it to people."""
        try:
            with self._reaching():
                return RefundOutcome(refund_receipt=await self._carrier.refund(request))
        except CarrierRefusedError as refused:
            _log.warning("the carrier gives no money back", request_id=request.request_id, code=refused.code)
            return RefundOutcome(refund_receipt=None)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Leave it to Temporal to try again, once the carrier may be there again or speaks as agreed."""
        try:
            with self._circuit.calling():
                yield
        except CarrierAwayError as away:
            raise ApplicationError(
                f"the carrier is away: {away}",
                type="CarrierAway",
                next_retry_delay=away.retry_after,
                category=ApplicationErrorCategory.BENIGN,
            ) from None
        except CarrierUnreadableError as problem:
            raise ApplicationError(
                f"the carrier's answer cannot be read: {problem}", type="CarrierUnreadable"
            ) from None


def _at_the_counter(within: Limit) -> timedelta:
    """Return for how long counters take a payment. What counts working time has time to spare: its code is voided."""
    if within.unit is Unit.WORKING_DAYS:
        return within.value * timedelta(days=3) + _LONGEST_HOLIDAYS
    if within.unit is Unit.WORKING_HOURS:
        return within.value * timedelta(hours=12) + _LONGEST_HOLIDAYS
    return length(within)


def _reason(refused: CarrierRefusedError) -> FailureReason:
    if refused.code == "not_served":
        return FailureReason.NO_COURIER
    return FailureReason.ADDRESS_UNKNOWN if refused.field in _OF_THE_ADDRESS else FailureReason.OTHER


def _refusal(refused: CarrierRefusedError) -> ApplicationError:
    return ApplicationError(str(refused), type="CarrierRefused")
