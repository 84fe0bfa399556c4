"""The carrier's books of a day against ours. What we never heard of is brought to where it belongs."""

from datetime import date
from enum import StrEnum

from temporalio.client import Client

from carriers.protocol import Carrier
from gateway.refusals import RefusedError
from gateway.telling import signal
from schemas.base import Model
from schemas.money import DoublePayout, Money, MoneyKind, Reconciliation, SettlementLine
from schemas.service_request import Paid, Payment, RequestView
from storage import deliveries, payments, service_requests, settlements
from storage.database import Pool
from storage.time_zone import zone_named

CARRIER_ZONE = "Asia/Jakarta"
"""In which the carrier's days begin and end."""


class Deed(StrEnum):
    """What was done about money, or is left to people."""

    TOLD = "told to its request"
    """It goes on as if the carrier had told of the payment in time."""
    COUNTED = "counted for its delivery"
    GIVE_BACK = "to be given back by hand"
    """The request is over, and never took it."""
    NOBODYS = "belongs to nothing here"


_FOR_PEOPLE = (Deed.GIVE_BACK, Deed.NOBODYS)


class Done(Model):
    """Money, and what was done about it."""

    line: SettlementLine
    deed: Deed


class Report(Model):
    """The comparison as it was found, what was done then, and what stands double since whenever."""

    books: Reconciliation
    done: tuple[Done, ...]
    double_payouts: tuple[DoublePayout, ...]
    conflicts: tuple[SettlementLine, ...]
    """Told under receipts that stand for other money."""

    @property
    def left(self) -> tuple[SettlementLine, ...]:
        """What the carrier has settled, we never heard of, and nothing could be done about."""
        seen_to = {done.line.receipt for done in self.done}
        return tuple(line for line in self.books.missing_here if line.receipt not in seen_to)

    @property
    def needs_people(self) -> bool:
        """Whether somebody has to look at the money of the day."""
        books = self.books
        by_hand = any(done.deed in _FOR_PEOPLE for done in self.done)
        return bool(books.missing_there or books.differing or books.double or self.left or by_hand)


async def reconcile(client: Client, pool: Pool, carrier: Carrier, day: date) -> Report:
    """Fetch the carrier's books of a day, keep them, compare, and bring what is missing here to where it belongs.

    May be repeated: what was brought is found to match the next time, and what is left to people is named again.

    Raises:
        CarrierAwayError, CarrierRefusedError, CarrierUnreadableError: the carrier gives no books that can be read.
        RefusedError: its books contradict themselves.
        RPCError: Temporal is away; nothing is lost.
    """
    lines = await carrier.settlement(day)
    try:
        await settlements.store_settlement(pool, day, lines)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    books = await settlements.reconcile(pool, day, zone_named(CARRIER_ZONE))
    unheard_of = {line.receipt for line in books.missing_here}
    done = [await _see_to(client, pool, line, unheard_of) for line in (*books.missing_here, *books.matched)]
    return Report(
        books=books,
        done=tuple(one for one in done if one is not None),
        double_payouts=tuple(await payments.double_payouts(pool)),
        conflicts=tuple(await payments.conflicts(pool)),
    )


async def _see_to(client: Client, pool: Pool, line: SettlementLine, unheard_of: set[str]) -> Done | None:
    """Do what can be done about money; None: there is nothing to do, or only people can."""
    deed = None
    if line.kind is MoneyKind.PAYMENT:
        deed = await _see_to_payment(client, pool, line, is_new=line.receipt in unheard_of)
    elif line.kind in (MoneyKind.COD, MoneyKind.PAYOUT) and line.receipt in unheard_of:
        deed = await _count(pool, line)
    return Done(line=line, deed=deed) if deed else None


async def _see_to_payment(client: Client, pool: Pool, line: SettlementLine, *, is_new: bool) -> Deed | None:
    request = await service_requests.find(pool, line.reference_id)
    if request is not None and request.over_at is None:
        if not is_new:
            return None
        paid = Paid(payment=Payment(receipt=line.receipt, amount=line.amount, at=line.at))
        if await signal(client, request.request_id, paid.kind, paid):
            return Deed.TOLD
    if request is not None and await _took(pool, request, line):
        return None
    if is_new:
        await payments.record(pool, Money(**dict(line), request_id=request.request_id if request else None))
    return Deed.GIVE_BACK if request else Deed.NOBODYS


async def _took(pool: Pool, request: RequestView, line: SettlementLine) -> bool:
    """Return whether a request knows of a payment, and has seen to it by itself."""
    history = await service_requests.transitions(pool, request.request_id)
    return any(step.payment is not None and step.payment.receipt == line.receipt for step in history)


async def _count(pool: Pool, line: SettlementLine) -> Deed | None:
    """Count money that changed hands at a door, whether or not its delivery still listens."""
    named = deliveries.by_reference(line.reference_id)
    delivery = await deliveries.find(pool, named[0]) if named else None
    if delivery is None:
        return Deed.NOBODYS
    money = Money(**dict(line), request_id=delivery.ordered_by, delivery_id=delivery.delivery_id)
    await payments.record(pool, money)
    return Deed.COUNTED
