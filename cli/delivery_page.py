"""A delivery on paper for people: where it is, until when and why then, and every scan. Names nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Column, Table

from cli.output import say, to_people
from cli.service_page import Rows, clock_time, deadline, rows_of
from gateway.post_words import Language, in_words
from schemas.delivery import DeliveryPlan, DeliveryTransition, DeliveryView, LegState
from storage.time_zone import zone_named
from storage.tracking import ScanSeen


@dataclass(frozen=True)
class Page:
    """All that is shown of a delivery."""

    delivery: DeliveryView
    transitions: list[DeliveryTransition]
    scans: list[ScanSeen]
    language: Language = "id"

    @property
    def plan(self) -> DeliveryPlan | None:
        """The rules that it is pinned to."""
        return next((step.plan for step in self.transitions if step.plan is not None), None)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its calendar."""
        return zone_named(self.plan.calendar.zone if self.plan else "UTC")


def document(page: Page) -> dict[str, Any]:
    """Return all that is shown of a delivery, as data."""
    return {
        "delivery": page.delivery,
        "status_words": in_words(page.delivery.status, page.language),
        "zone": page.zone.key,
        "attempts_allowed": page.plan.terms.attempts if page.plan else None,
        "scans": [
            scan.model_dump(mode="json") | {"scan_words": in_words(scan.scan, page.language)} for scan in page.scans
        ],
        "timeline": [
            {"seq": step.seq, "kind": step.kind, "at": step.at.isoformat(), "status": step.after.status}
            for step in page.transitions
        ],
    }


def print_page(page: Page) -> None:
    """Print all that is shown of a delivery."""
    to_people.print(rows_of(_rows(page)))
    _print_scans(page)


def _rows(page: Page) -> Rows:
    delivery = page.delivery
    yield "delivery", escape(delivery.delivery_id)
    yield "of", escape(f"{delivery.ordered_by} ({delivery.service})")
    yield "status", f"{delivery.status}: [bold]{in_words(delivery.status, page.language)}[/bold]"
    if delivery.reason:
        yield "because", in_words(delivery.reason, page.language)
    if delivery.waybill:
        times = f", order {delivery.orders} in place of what was lost" if delivery.orders > 1 else ""
        yield "waybill", escape(delivery.waybill + times)
    yield "point", escape(delivery.point or "the carrier chooses")
    if delivery.due:
        late = "" if delivery.on_time else "; [red]it was not there in time[/red]"
        yield "due", deadline(delivery.due, page.zone) + late
    if page.plan:
        yield "attempts", f"{delivery.attempts} of {page.plan.terms.attempts} at the door failed"
    for number, leg in enumerate(delivery.legs, start=1):
        yield f"leg {number}", f"to {escape(leg.to)}: {_leg(leg, page.zone)}"
    yield from _what_is_wrong(page)
    if delivery.over_at:
        yield "over", f"{clock_time(delivery.over_at, page.zone)} {page.zone.key}"
    elif delivery.next_at:
        at = f"{clock_time(delivery.next_at, page.zone)} {page.zone.key}"
        yield "next", f"{delivery.next_kind} at {at}, if the carrier tells nothing before"


def _leg(leg: LegState, zone: ZoneInfo) -> str:
    late = "; [red]late[/red]" if leg.late else ""
    if leg.arrived_at:
        return f"arrived {clock_time(leg.arrived_at, zone)}{late}"
    return f"due {clock_time(leg.due.at, zone)}{late}" if leg.due else "not begun"


def _what_is_wrong(page: Page) -> Iterator[tuple[str, str]]:
    if page.delivery.claim:
        yield "claim", escape(page.delivery.claim)
    if page.delivery.contradicted:
        yield "[red]look[/red]", "the carrier contradicts itself: something went on after it was proven to be delivered"


def _print_scans(page: Page) -> None:
    if not page.scans:
        say("The carrier has told nothing yet.")
        return
    several = page.delivery.orders > 1
    columns = (
        f"when ({page.zone.key})",
        "what",
        "EMSEVT",
        Column("point", overflow="fold"),
        Column("", overflow="fold"),
    )
    table = Table(*(["order"] if several else []), *columns, title="Scans", title_justify="left")
    for scan in page.scans:
        what, point = in_words(scan.scan, page.language), escape(scan.point or "")
        told = [clock_time(scan.at, page.zone), what, scan.emsevt or "", point, _remark(page, scan)]
        table.add_row(*([str(scan.order)] if several else []), *told)
    to_people.print(table)


def _remark(page: Page, scan: ScanSeen) -> str:
    reason = in_words(scan.reason, page.language) if scan.reason else ""
    late = f"[yellow]late: known since {clock_time(scan.received_at, page.zone)}[/yellow]" if scan.late else ""
    return "; ".join(part for part in (reason, late) if part)
