"""A service and a request on paper for people: what is asked for, how it stands, what comes next, and the money."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Column, Table

from cli.output import to_people
from gateway.post_words import Language, in_words
from schemas.calendar import Deadline
from schemas.case import CaseView
from schemas.delivery import DeliveryView
from schemas.money import MoneyKind
from schemas.policy import Policy, Service
from schemas.post import PaymentTime, Recipient
from schemas.service_request import (
    RequestPlan,
    RequestStanding,
    RequestStatus,
    RequestStep,
    RequestTransition,
    RequestView,
)
from storage.time_zone import zone_named

Rows = Iterator[tuple[str, str]]
"""Names, and values with markup."""

PROVISIONAL = "[bold yellow]PROVISIONAL[/bold yellow]: holidays of that time are not decreed yet"

_MOST_AGENCIES = 4
_HANDS = {
    Recipient.OWNER: "the person named, and nobody else",
    Recipient.HOUSEHOLD: "somebody of the household",
    Recipient.ANYONE: "whoever is there",
}
_STEPS = {
    RequestStep.ASK_PAYMENT: "the post is asked to receive the payment, and gives it a code",
    RequestStep.VOID_PAYMENT: "the payment's code is taken back, unless it was paid at the last moment",
    RequestStep.REFUND: "the post is asked to give back {receipts}",
    RequestStep.STOP_CASE: "the agency is told to stop",
    RequestStep.STOP_DELIVERY: "the post is told to stop, if it still can",
}


def rows_of(table_rows: Rows) -> Table:
    """Return a table of names and values."""
    table = Table(Column(no_wrap=True), Column(overflow="fold"), show_header=False, box=None)
    for name, value in table_rows:
        table.add_row(f"[dim]{name}[/dim]", value)
    return table


def rupiah(amount: int) -> str:
    """Return money as it is written in Indonesia."""
    return f"Rp {amount:,}".replace(",", ".")


def deadline(due: Deadline, zone: ZoneInfo) -> str:
    """Return a due moment, and how it came about."""
    at = f"{clock_time(due.at, zone)} {zone.key}"
    because = f" (because {escape('; '.join(due.steps))})" if due.steps else ""
    return f"{at}{f' {PROVISIONAL}' if due.provisional else ''}{because}"


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment as the zone's clocks show it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def print_services(policy: Policy) -> None:
    """Print what can be requested under a policy."""
    for service in policy.services:
        to_people.print(f"[bold]{escape(service.code)}[/bold]  {escape(service.name)}", soft_wrap=True)
        to_people.print(rows_of(_terms(policy, service)))


def _terms(policy: Policy, service: Service) -> Rows:
    delivery = service.delivery
    yield "  prepared by", escape(_who(policy, service.category))
    yield "  prepared within", str(service.prepared_within)
    yield "  payment", _payment(service)
    yield "  carried as", f"{delivery.carriage}, within {delivery.within}"
    if delivery.temperatures:
        yield "  kept between", f"{delivery.temperatures.lowest:g} and {delivery.temperatures.highest:g} °C"
    if delivery.legs:
        yield "  by way of", escape(", ".join(f"{leg.to} (within {leg.within})" for leg in delivery.legs))
    yield "  handed to", _HANDS[service.handed_to]
    yield "  proven by", ", ".join(delivery.proofs) or "nothing"
    times = f"{delivery.attempts} attempt{'s' if delivery.attempts > 1 else ''} at the door"
    yield "  attempts", f"{times}, then kept for {delivery.held_for}"
    yield "  confirmed", f"within {service.confirm_within}; silence confirms"


def _who(policy: Policy, category: str) -> str:
    agencies = sorted({route.agency for route in policy.routes if route.category == category})
    some = ", ".join(agencies) if len(agencies) <= _MOST_AGENCIES else f"one of {len(agencies)} agencies, by region"
    return f"{some or 'whom the triage desk finds'} (category {category})"


def _payment(service: Service) -> str:
    once = ", once in each period" if service.once_per_period else ""
    if service.pays_out:
        return f"pays out what each request says{once}"
    if service.payment is None:
        return f"free{once}"
    terms = service.payment
    amount = rupiah(terms.amount) if terms.amount else "what each request says"
    if terms.due is PaymentTime.ON_DELIVERY:
        return f"{amount}, at the door"
    back = "given back if nothing is delivered" if terms.refunded else "not given back"
    return f"{amount}, at any counter within {terms.within}; {back}"


@dataclass(frozen=True)
class Page:
    """All that is shown of a request."""

    request: RequestView
    transitions: list[RequestTransition]
    case: CaseView | None
    """In which the agency prepares it, once a worker has routed it."""
    deliveries: list[DeliveryView]
    money: dict[MoneyKind, int]
    policy: Policy | None
    language: Language = "id"

    @cached_property
    def plan(self) -> RequestPlan | None:
        """The rules that it is pinned to."""
        return next((step.plan for step in self.transitions if step.plan is not None), None)

    @property
    def now(self) -> RequestStanding:
        """How it stands."""
        return self.transitions[-1].after

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its calendar."""
        return zone_named(self.plan.calendar.zone if self.plan else "UTC")

    @property
    def service_name(self) -> str:
        """What people call the service."""
        services = self.policy.services if self.policy else ()
        return next((one.name for one in services if one.code == self.request.service), self.request.service)

    @property
    def untaken(self) -> int:
        """Money that came and that the request did not take, for it was over: rupiah."""
        received = self.money.get(MoneyKind.PAYMENT, 0) + self.money.get(MoneyKind.COD, 0)
        return max(received - self.request.paid, 0) if self.request.over_at else 0

    @property
    def failed_refunds(self) -> tuple[str, ...]:
        """Receipts of payments that the post refused to give back."""
        return self.now.not_refunded

    def moment(self, at: datetime) -> str:
        """Return a moment with its zone."""
        return f"{clock_time(at, self.zone)} {self.zone.key}"


def document(page: Page) -> dict[str, Any]:
    """Return all that is shown of a request, as data."""
    return {
        "request": page.request,
        "status_words": in_words(page.request.status, page.language),
        "service_name": page.service_name,
        "zone": page.zone.key,
        "pay_until": page.now.pay_until,
        "confirm_until": page.now.confirm_until,
        "money": page.money,
        "to_be_given_back_by_hand": {"amount": page.untaken, "receipts": page.failed_refunds},
        "case": page.case,
        "deliveries": page.deliveries,
        "timeline": [
            step.model_dump(mode="json", exclude={"plan", "after"}) | {"status": step.after.status}
            for step in page.transitions
        ],
    }


def print_page(page: Page) -> None:
    """Print all that is shown of a request."""
    to_people.print(rows_of(chain(_what_it_is(page), _money(page), _who_works(page))))
    _print_timeline(page)


def _what_it_is(page: Page) -> Rows:
    request = page.request
    yield "request", escape(request.request_id)
    yield "service", escape(f"{page.service_name} ({request.service})")
    yield "status", f"{request.status}: [bold]{in_words(request.status, page.language)}[/bold]"
    yield "region", escape(request.region or "no place given")
    yield "accepted", f"{page.moment(request.accepted_at)}, by {escape(request.channel)}"
    if request.dispute:
        yield "disputed", str(request.dispute)
    if request.over_at:
        yield "over", page.moment(request.over_at)
    else:
        yield "next", _next(page)


def _next(page: Page) -> str:
    """Return what happens next, and when."""
    request, now = page.request, page.now
    if now.step is not None:
        return _STEPS[now.step].format(receipts=", ".join(now.to_refund))
    match request.status:
        case RequestStatus.PREPARING:
            due = page.case.due if page.case else None
            return f"the agency prepares it{f', until {deadline(due, page.zone)}' if due else ''}"
        case RequestStatus.AWAITING_PAYMENT if now.pay_until:
            return f"it expires unless it is paid by {deadline(now.pay_until, page.zone)}"
        case RequestStatus.DELIVERING:
            return f"the post delivers it: kawal delivery track {escape(request.delivery_id or '')}"
        case RequestStatus.CONFIRMING if now.confirm_until:
            return f"silence confirms at {deadline(now.confirm_until, page.zone)}; until then it may be disputed"
        case RequestStatus.ENDING:
            return "what was begun ends; then it is over"
    return "a worker takes it up; if that takes long, is one running? (kawal worker)"


def _money(page: Page) -> Rows:
    request = page.request
    if request.amount_due is not None:
        yield "costs", rupiah(request.amount_due)
    if request.payment_code and page.now.payment_open:
        yield "payment code", f"[bold]{escape(request.payment_code)}[/bold], at any counter of the post"
    if request.paid:
        yield "paid", rupiah(request.paid)
    if request.refunded:
        yield "given back", rupiah(request.refunded)
    if request.paid_out:
        yield "paid out", f"{rupiah(page.money.get(MoneyKind.PAYOUT, 0))}, receipt {escape(request.paid_out)}"
    if page.failed_refunds:
        yield "[red]look[/red]", f"the post refused to give back {escape(', '.join(page.failed_refunds))}"
    if page.untaken:
        yield "[red]look[/red]", f"{rupiah(page.untaken)} came when it was over: to be given back by hand"


def _who_works(page: Page) -> Rows:
    if page.case:
        yield "case", escape(f"{page.case.case_id}: {page.case.status}, {page.case.holder or page.case.queue or ''}")
    for delivery in page.deliveries:
        due = f", due {page.moment(delivery.due.at)}" if delivery.due else ""
        late = "" if delivery.on_time else "; [red]late[/red]"
        yield "delivery", f"{escape(delivery.delivery_id)}: {in_words(delivery.status, page.language)}{due}{late}"


def _print_timeline(page: Page) -> None:
    about = Column("about", overflow="fold")
    table = Table(
        "#", f"when ({page.zone.key})", "what", "who", "status", about, title="Timeline", title_justify="left"
    )
    for step in page.transitions:
        said = (step.kind, step.actor, step.after.status, ", ".join(step.detail.values()))
        table.add_row(str(step.seq), clock_time(step.at, page.zone), *map(escape, said))
    to_people.print(table)
