"""Where something is that the post carries: found under any of its numbers, and said without a name."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.delivery_page import Page, print_page
from gateway.post_words import Said, in_words
from local.temporal import TemporalDevServer
from schemas.calendar import Deadline
from schemas.carrier import CarrierEvent, FailureReason, Relation, Scan
from schemas.delivery import DeliveryStatus, LegState
from schemas.post import Proof
from schemas.service_request import RequestStatus
from storage import deliveries, tracking
from storage.database import Pool
from storage.tracking import ScanSeen, Via
from tests.cli.calm import QuickShell
from tests.storage import post_making
from tests.storage.post_making import NOON, told


@pytest.fixture
def shell(database_url: str, temporal_server: TemporalDevServer, tmp_path: Path) -> QuickShell:
    return QuickShell(tmp_path, {"KAWAL_DATABASE_URL": database_url, "TEMPORAL_ADDRESS": temporal_server.address})


async def carried(pool: Pool, delivery_id: str, *events: CarrierEvent) -> tuple[str, str]:
    """Keep a delivery to which this happened; return its waybill and its order."""
    commits = post_making.deliveries(delivery_id, *events)
    for commit in commits:
        await deliveries.commit(pool, commit)
    (order,) = commits[-1].transitions[-1].after.orders
    reports = [(event, {"name": "Siti Aminah", "place": {"latitude": -5.41}}) for event in events]
    await tracking.record(pool, delivery_id, order.order_id, reports, Via.WEBHOOK)
    return order.waybill, order.order_id


def plain(out: str) -> str:
    return re.sub(r"\s+", " ", out)


async def test_a_delivery_is_found_under_its_id_its_waybill_and_the_name_of_its_order(
    pool: Pool, shell: QuickShell
) -> None:
    waybill, order_id = await carried(pool, "track-1", told("t1-a", Scan.POSTED))

    found = [await shell.document("delivery", "track", one) for one in ("track-1", waybill, waybill.lower(), order_id)]

    assert [one["delivery"]["delivery_id"] for one in found] == ["track-1"] * 4


async def test_every_scan_is_shown_in_order_with_its_code_of_the_upu_and_late_ones_are_marked(
    pool: Pool, shell: QuickShell
) -> None:
    now = datetime.now(UTC)
    failed = told("t2-c", Scan.FAILED, at=now, reason=FailureReason.NOBODY_THERE)
    posted = told("t2-a", Scan.POSTED, at=now - timedelta(hours=3), point="35100")
    departed = told("t2-b", Scan.DEPARTED, at=now - timedelta(minutes=3))
    await carried(pool, "track-2", failed, posted, departed)

    for_people = plain((await shell.ok("delivery", "track", "track-2")).out)
    in_english = plain((await shell.ok("delivery", "track", "track-2", "--language", "en")).out)
    document = await shell.document("delivery", "track", "track-2", "--language", "en")

    assert "status attempted: gagal diantar, akan dicoba lagi because tidak ada orang" in for_people
    assert "status attempted: not handed over, the courier comes again because nobody there" in in_english
    assert "attempts 1 of 3 at the door failed" in for_people
    assert "point 35100 due 2026-11-28 12:00:00 UTC (because starts; over)" in for_people
    assert in_english.count("late: known since") == 1
    shown = ("scan", "scan_words", "emsevt", "point", "late")
    assert [tuple(scan[name] for name in shown) for scan in document["scans"]] == [
        ("posted", "posted", "EMA", "35100", True),
        ("departed", "departed", "EMC", None, False),
        ("failed", "attempt failed", "EMH", None, False),
    ]
    assert [line["kind"] for line in document["timeline"]] == ["planned", "ordered", "told"]


async def test_nothing_personal_is_shown(pool: Pool, shell: QuickShell) -> None:
    await carried(pool, "track-3", told("t3-a", Scan.POSTED))

    for ended in await shell.both("delivery", "track", "track-3"):
        for personal in ("Siti", "latitude", "-5.41", "rcp-"):
            assert personal not in ended.out


async def test_a_carrier_that_contradicts_itself_is_pointed_out(pool: Pool, shell: QuickShell) -> None:
    proofs = (Proof.SIGNATURE,)
    handed = told("t4-a", Scan.DELIVERED, 5, relation=Relation.OWNER, proofs=proofs)
    waybill, _ = await carried(pool, "track-4", told("t4-b", Scan.RETURNING, 6), handed)

    shown = plain((await shell.ok("delivery", "track", waybill)).out)

    assert "status delivered: sudah diterima" in shown
    assert "look the carrier contradicts itself" in shown


async def test_a_number_that_nobody_knows_is_named(shell: QuickShell) -> None:
    ended = await shell.run("delivery", "track", "P00000000000", "--json")

    assert ended.error.startswith("delivery: there is none under this number: write its id")


def test_legs_claims_and_what_comes_next_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    (*_, last) = post_making.deliveries("track-5", told("t5-a", Scan.RETURNING))
    legs = (
        LegState(to="ID-PANJANG", begun_at=NOON, due=Deadline(at=NOON, steps=()), arrived_at=NOON, late=True),
        LegState(to="ID-PRIOK", begun_at=NOON, due=Deadline(at=NOON, steps=())),
        LegState(to="ID-BATAM"),
    )
    changes = {"legs": legs, "claim": "cl-1", "orders": 2, "on_time": False}
    scan = ScanSeen(
        scan=Scan.LOST, emsevt=None, order=1, point=None, at=NOON, reason=None, received_at=NOON, late=False
    )

    print_page(Page(last.delivery.model_copy(update=changes), list(last.transitions), [scan]))

    shown = plain(capsys.readouterr().out)
    assert "leg 1 to ID-PANJANG: arrived 2026-11-23 12:00:00; late leg 2 to ID-PRIOK: due 2026-11-23 12:00:00" in shown
    assert "leg 3 to ID-BATAM: not begun claim cl-1" in shown
    assert "order 2 in place of what was lost" in shown
    assert "it was not there in time" in shown
    assert "if the carrier tells nothing before" in shown


@pytest.mark.parametrize("codes", [RequestStatus, DeliveryStatus, Scan, FailureReason])
def test_everything_that_can_be_shown_has_words_in_both_languages(codes: type[Said]) -> None:
    for code in codes:
        assert in_words(code, "id") != ""
        assert in_words(code, "en") != ""
