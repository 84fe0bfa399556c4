"""A case on paper for people: where it stands, until when and why then, what happened, and what was proposed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Column, Table

from cli.output import say, to_people
from schemas.calendar import Deadline
from schemas.case import CaseView, ClockView, PartView, WindowKind
from schemas.complaint import Identity
from schemas.delivery import DeliveryView
from schemas.delivery_status import ENDS, DeliveryStatus
from schemas.ledger import LedgerEntry
from schemas.policy import Policy
from schemas.status import UNSETTLED, WORKING, Status, StatusScheme
from storage.time_zone import zone_named

_BY_SYSTEMS = ("recalculate", "carried")
_PROVISIONAL = "[bold yellow]PROVISIONAL[/bold yellow]"

_WINDOWS = {
    WindowKind.INFORMATION: "the reporter may provide what was asked for until {until}; then the case is closed",
    WindowKind.HOLD: "on hold until {until} at most; then the case goes on",
    WindowKind.CONTEST: "the reporter may contest it until {until}; then the case is over",
    WindowKind.REMINDER: "the top of the ladder is reminded again at {until}",
}


@dataclass(frozen=True)
class Page:
    """All that is shown of a case."""

    case: CaseView
    timeline: list[dict[str, Any]]
    ledger: list[LedgerEntry]
    broken: int | None
    """The entry at which the ledger's chain breaks."""
    policy: Policy | None
    merged_cases: list[str]
    deliveries: list[DeliveryView]
    """What was carried for the case, as the post has it: it goes on when the case is over."""
    language: Literal["id", "en"] = "id"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the policy's calendar."""
        return zone_named(self.policy.calendar.zone if self.policy else "UTC")

    @property
    def words(self) -> list[tuple[StatusScheme, str]]:
        """The status in the words of the policy's public channels."""
        schemes = self.policy.schemes if self.policy else ()
        labels = [(scheme, scheme.labels[self.case.status]) for scheme in schemes]
        return [(scheme, label.id if self.language == "id" else label.en) for scheme, label in labels]

    def clock_time(self, at: datetime) -> str:
        """Return a moment as the zone's clocks show it."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def moment(self, at: datetime) -> str:
        """Return a moment as the zone's clocks show it, with the zone's name."""
        return f"{self.clock_time(at)} {self.zone.key}"


def print_page(page: Page) -> None:
    """Print all that is shown of a case."""
    table = Table(Column(no_wrap=True), Column(overflow="fold"), show_header=False, box=None)
    parts = (_what_it_is, _who_has_it, _until_when, _what_is_carried, _what_next)
    for name, value in chain.from_iterable(part(page) for part in parts):
        table.add_row(f"[dim]{name}[/dim]", value)
    to_people.print(table)
    _print_timeline(page)
    _print_ledger(page)


_Rows = Iterator[tuple[str, str]]
"""Names, and values with markup."""


def _what_it_is(page: Page) -> _Rows:
    case = page.case
    yield "case", escape(case.case_id)
    yield "status", str(case.status)
    if page.words:
        yield "in other words", escape(", ".join(f"{words} ({scheme.name})" for scheme, words in page.words))
    about = f"{case.category} in {case.region or 'no place given'}"
    yield "about", escape(f"{about}, class {case.case_class}" if case.case_class else about)
    if case.identity is not Identity.NAMED:
        yield "reporter", str(case.identity)
    if case.respondent:
        kept = ", which must not see the case" if case.bypassed == case.respondent else ""
        yield "accused", escape(case.respondent + kept)
    if case.possible_duplicates:
        yield "may be the same", escape(", ".join(case.possible_duplicates))
    if case.merged_into:
        yield "merged into", escape(case.merged_into)
    if page.merged_cases:
        yield "merged into it", escape(", ".join(page.merged_cases))
    if case.referred_to:
        yield "referred to", escape(case.referred_to)
    elif case.suggested_addressee and case.status in UNSETTLED:
        yield "could be referred", escape(f"to {case.suggested_addressee}")
    if case.rating:
        yield "rated", f"{case.rating} of 5"


def _who_has_it(page: Page) -> _Rows:
    case = page.case
    if case.queue:
        yield "queue", escape(f"{case.queue} ({case.triage_reason})" if case.triage_reason else case.queue)
    if case.holder:
        yield "level", escape(f"{case.level}: {case.level_title}, {case.holder}")
    if case.owners:
        yield "has to act", escape(", ".join(case.owners))
    if others := [office for office in case.watchers if office not in case.owners]:
        yield "still sees it", escape(", ".join(others))


def _until_when(page: Page) -> _Rows:
    case = page.case
    if case.level_clock:
        yield from _clock(page, "due", case.level_clock)
    elif case.due:
        yield "due", _deadline(page, case.due)
    elif case.status in WORKING:
        yield "due", "[red]it has passed, and nobody stands above[/red]"
    if case.statutory_clock:
        yield from _clock(page, "due by law", case.statutory_clock)
    for part in case.parts:
        yield from _part(page, part)
    if case.window:
        yield "window", _WINDOWS[case.window.kind].format(until=_deadline(page, case.window.until))
    for offer in case.offers:
        yield "open to reporter", escape(f"{offer.route} ({offer.basis})")


def _clock(page: Page, name: str, clock: ClockView) -> _Rows:
    if clock.paused_since:
        yield name, f"rests since {page.moment(clock.paused_since)}, with {clock.left} left"
    else:
        passed = "; [red]it has passed[/red]" if clock.breached else ""
        yield name, _deadline(page, clock.due) + passed
    if clock.due.steps:
        yield "because", escape("; ".join(clock.due.steps))


def _deadline(page: Page, deadline: Deadline) -> str:
    at = escape(page.moment(deadline.at))
    return f"{at} {_PROVISIONAL}: holidays of that time are not decreed yet" if deadline.provisional else at


def _part(page: Page, part: PartView) -> _Rows:
    name, who = f"part of {escape(part.agency)}", escape(f"level {part.level}, {part.holder}")
    if part.answered_at:
        yield name, f"answered {page.moment(part.answered_at)}"
    elif part.clock is None:
        yield name, f"{who}; [red]its last deadline has passed[/red]"
    else:
        yield name, who
        yield from _clock(page, "due", part.clock)


def _what_is_carried(page: Page) -> _Rows:
    if page.case.service:
        yield "prepares", escape(f"{page.case.service}, which is carried once it is answered")
    known = {delivery.delivery_id: delivery for delivery in page.deliveries}
    for remedy in page.case.remedies:
        delivery = known.get(remedy.delivery_id)
        status = delivery.status if delivery else remedy.outcome or "ordered"
        shown = f"[red]{status}[/red]" if status in ENDS - {DeliveryStatus.DELIVERED} else status
        waybill = f", waybill {delivery.waybill}" if delivery and delivery.waybill else ""
        yield "has carried", f"{escape(remedy.service)}, {shown}: {remedy.delivery_id}{waybill}"


def _what_next(page: Page) -> _Rows:
    case = page.case
    if not case.closed_at:
        yield "next", escape(_next(page))
    if by_people := [kind for kind in case.messages if kind not in _BY_SYSTEMS]:
        yield "takes now", ", ".join(by_people)
    yield "on time", "yes" if case.on_time else "no"
    if case.closed_at:
        yield "closed", escape(page.moment(case.closed_at))


def _next(page: Page) -> str:
    case, step = page.case, page.case.what_next
    if case.status is Status.RECEIVED and case.queue is None:
        return "a worker routes it; if that takes long, is one running? (kawal worker)"
    if step is None:
        return "nothing by time alone"
    return f"{step.kind} at {page.moment(step.at)}" + (f" ({step.of})" if step.of else "")


def _print_timeline(page: Page) -> None:
    if not page.timeline:
        return
    zone = page.zone.key
    table = Table(
        "#", f"when ({zone})", "what", "who", "level", f"due ({zone})", title="Timeline", title_justify="left"
    )
    for line in page.timeline:
        due = page.clock_time(line["due_at"]) if line["due_at"] else ""
        said = (line["kind"], escape(line["actor"]), str(line["level"]))
        table.add_row(str(line["seq"]), page.clock_time(line["at"]), *said, due)
    to_people.print(table)


def _print_ledger(page: Page) -> None:
    if not page.ledger:
        return
    about = Column("about", overflow="fold")  # a name cut short names nobody
    table = Table("#", "what", "rule", about, "sanction", "points", title="Sanction ledger", title_justify="left")
    for entry in page.ledger:
        said = (entry.kind, entry.rule, entry.subject, entry.sanction)
        table.add_row(str(entry.entry), *map(escape, said), str(entry.points))
    to_people.print(table)
    broken = page.broken
    state = "[green]the chain holds[/green]" if broken is None else f"[red]the chain breaks at entry {broken}[/red]"
    say(f"Proposals only: a superior decides. {state}")
