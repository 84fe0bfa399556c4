"""What people request: from the counter through the payment to the confirmation, with nothing but commands."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from local.temporal import TemporalDevServer
from runtime import settings
from schemas.service_request import RequestStatus
from storage import case_records
from tests.cli.calm import QuickShell
from tests.gateway.posting import PRICE, Posting, posting
from tests.simulators.listening import SECRET

SITI = ("--name", "Siti Aminah", "--nik", "1871015708900001", "--phone", "081272345678", "--address", "Jalan Kartini 1")
PERSONAL = ("Siti", "Aminah", "1871015708900001", "81272345678", "Kartini", "-5.41", "105.26")


@pytest.fixture(scope="module")
async def post(client: Client, database_url: str) -> AsyncIterator[Posting]:
    async with posting(client, database_url, "serving", settings.TASK_QUEUE) as everything:
        yield everything


@pytest.fixture
def shell(post: Posting, temporal_server: TemporalDevServer, tmp_path: Path) -> QuickShell:
    variables = {
        "KAWAL_DATABASE_URL": post.url,
        "TEMPORAL_ADDRESS": temporal_server.address,
        "KAWAL_CARRIER_URL": post.carrier.url,
        "KAWAL_CARRIER_KEY": post.carrier.key,
        "KAWAL_CARRIER_WEBHOOK_SECRETS": SECRET,
    }
    return QuickShell(tmp_path, variables)


async def requested(post: Posting, shell: QuickShell, service: str, *options: str) -> str:
    """Request something, and wait until the agency has its case; return the request's id."""
    accepted = await shell.document("service", "request", "--service", service, "--region", "18.71", *SITI, *options)
    request_id = str(accepted["request_id"])
    await post.until(request_id, lambda request: request.status is RequestStatus.PREPARING)
    while await case_records.case(post.pool, f"{request_id}-p1") is None:
        pass
    return request_id


def plain(out: str) -> str:
    return re.sub(r"\s+", " ", out)


async def test_what_can_be_requested_is_said_in_words(shell: QuickShell) -> None:
    said = plain((await shell.ok("service", "list")).out)

    for words in (
        "samsat-papers Dokumen pajak kendaraan bermotor (Samsat)",
        "payment what each request says, at any counter within 28 seconds; given back if nothing is delivered",
        "payment pays out what each request says, once in each period",
        "payment what each request says, at the door",
        "kept between 2 and 8 °C",
        "handed to the person named, and nobody else",
        "prepared by one of 15 agencies, by region (category population-document)",
        "proven by id match, signature",
        "attempts 3 attempts at the door, then kept for 20 seconds",
        "by way of ID-PANJANG (within 2 seconds), ID-PRIOK",
    ):
        assert words in said
    document = await shell.document("service", "list")
    assert (document["policy"], document["services"][0]["code"]) == ("serving", "samsat-papers")


async def test_papers_are_requested_prepared_paid_and_delivered(post: Posting, shell: QuickShell) -> None:
    request = await requested(post, shell, "samsat-papers", "--amount", str(PRICE))
    shown = plain((await shell.ok("service", "show", request)).out)
    assert "status preparing: disiapkan oleh instansi" in shown
    assert "next the agency prepares it, until " in shown

    await shell.ok("respond", f"{request}-p1", "--text", "Siap")
    code = (await post.until(request, lambda one: one.payment_code is not None)).payment_code
    shown = plain((await shell.ok("service", "show", request, "--language", "en")).out)
    assert f"costs Rp 450.000 payment code {code}, at any counter of the post" in shown
    assert "next it expires unless it is paid by " in shown

    receipt = await post.pay(request)
    reconciled = await shell.run("service", "reconcile", str(post.today))
    assert reconciled.status == 0
    for words in ("missing here", receipt, request, "Rp 450.000", "told to its request"):
        assert words in reconciled.out
    assert "Nobody has to look." in reconciled.out

    await post.until(request, lambda one: one.status is RequestStatus.CONFIRMING)
    assert (await shell.document("service", "confirm", request))["status"] == "completed"
    document = await shell.document("service", "show", request)
    assert (document["request"]["status"], document["status_words"]) == ("completed", "selesai")
    assert document["money"] == {"payment": PRICE}
    assert [one["status"] for one in document["deliveries"]] == ["delivered"]
    kinds = [line["kind"] for line in document["timeline"]]
    assert kinds == ["received", "prepared", "payment asked", "paid", "delivered", "confirmed"]
    await shows_nothing_personal(shell, "service", "show", request)


async def test_a_payment_for_a_request_that_is_over_is_to_be_given_back_by_hand(
    post: Posting, shell: QuickShell
) -> None:
    request = await requested(post, shell, "samsat-papers", "--amount", str(PRICE))
    assert (await shell.document("service", "cancel", request, "--reason", "moved-away"))["status"] == "ending"
    await post.until(request, lambda one: one.over_at is not None)
    await post.pay_under(request)

    reconciled = await shell.run("service", "reconcile", str(post.today), "--json")

    assert reconciled.status == 1
    (done,) = reconciled.document["done"]
    assert (done["line"]["reference_id"], done["deed"]) == (request, "to be given back by hand")
    shown = plain((await shell.ok("service", "show", request)).out)
    assert "look Rp 450.000 came when it was over: to be given back by hand" in shown


async def test_what_was_delivered_wrong_is_disputed_and_prepared_again(post: Posting, shell: QuickShell) -> None:
    request = await requested(post, shell, "population-documents")
    early = await shell.run("service", "dispute", request, "--reason", "wrong", "--json")
    assert early.error == "nothing was delivered that could be disputed: wait for the delivery, or submit a complaint"

    await shell.ok("respond", f"{request}-p1", "--text", "Siap")
    await post.until(request, lambda one: one.status is RequestStatus.CONFIRMING)
    disputed = await shell.ok("service", "dispute", request, "--reason", "wrong", "--message-id", "not-so")

    assert disputed.out == f"Done: request {request} is preparing.\n"
    shown = plain((await shell.ok("service", "show", request)).out)
    assert "disputed wrong" in shown
    assert f"delivery {request}-d1: sudah diterima, due " in shown


async def test_requests_are_listed_by_service_status_and_region(post: Posting, shell: QuickShell) -> None:
    request = await requested(post, shell, "alms-receipts", "--amount", "50000")

    found = await shell.document("service", "requests", "--service", "alms-receipts", "--status", "preparing")
    assert [one["request_id"] for one in found["requests"]] == [request]
    assert request in (await shell.ok("service", "requests", "--region", "18.71")).out
    assert (await shell.ok("service", "requests", "--region", "18.01")).out == "There are none.\n"
    await shows_nothing_personal(shell, "service", "requests")


async def test_a_request_in_a_file_stays_out_of_the_history_of_the_shell(post: Posting, shell: QuickShell) -> None:
    whole = {
        "channel": "super-app",
        "external_id": "app-7",
        "service": "population-documents",
        "recipient": {"name": "Siti Aminah", "address": "Jalan Kartini 1", "latitude": -5.41, "longitude": 105.26},
    }
    (shell.folder / "request.json").write_text(json.dumps(whole))
    file = ("service", "request", "--file", str(shell.folder / "request.json"))

    first, second = [await shell.document(*file) for _ in range(2)]

    assert first == second
    assert (first["channel"], first["service"]) == ("super-app", "population-documents")
    both = await shell.run(*file, "--service", "medicine", "--json")
    assert both.error == "file: says all about a request: write service there, or leave --file out"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--service", "papers", "--name", "A", "--address", "B"), "service: is not one of the policy's"),
        (("--service", "samsat-papers", "--name", "A", "--address", "B"), "amount: samsat-papers needs one"),
        (("--service", "medicine", "--name", "A"), "recipient.address: is missing"),
        (("--name", "A", "--address", "B"), "service: is missing"),
        (("--service", "medicine", *SITI, "--region", "1"), "region: is not one of the policy's"),
        (
            ("--service", "medicine", *SITI[:4], "--address", "B", "--phone", "12"),
            "recipient.phone: is no phone number",
        ),
        (("--service", "medicine", "--name", "A", "--nik", "187101", "--address", "B"), "recipient.national_id: "),
        (("--service", "medicine", *SITI, "--id", "x"), "id: write 3 to 56 letters"),
    ],
    ids=lambda given: given[:40] if isinstance(given, str) else "",
)
async def test_what_is_wrong_with_a_request_is_named(shell: QuickShell, options: tuple[str, ...], said: str) -> None:
    ended = await shell.run("service", "request", *options, "--json")

    assert said in ended.error
    for value in PERSONAL:
        assert value not in ended.error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nobody"), "request: there is none with the id nobody, or no worker has taken it up yet"),
        (("confirm", "nobody"), "request: there is none with the id nobody"),
        (("dispute", "nobody", "--reason", "late"), "'--reason'"),
        (("cancel", "nobody", "--reason", "No!"), "reason: "),
        (("reconcile", "yesterday"), "'DAY': write a date, as in 2026-11-23"),
        (("list", "--policy", "other"), "policy: none of this name is in force"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
async def test_a_mistake_is_named(shell: QuickShell, arguments: tuple[str, ...], said: str) -> None:
    assert said in (await shell.run("service", *arguments, "--json")).error


async def test_without_a_carrier_nothing_can_be_reconciled_and_the_mend_is_said(shell: QuickShell) -> None:
    there = {name: value for name, value in shell.variables.items() if "CARRIER" not in name}

    ended = await QuickShell(shell.folder, there).run("service", "reconcile", "2026-11-23", "--json")

    assert ended.error.startswith("no carrier is set: set KAWAL_CARRIER_URL")


async def test_a_carrier_that_is_away_is_named(shell: QuickShell) -> None:
    nowhere = QuickShell(shell.folder, dict(shell.variables) | {"KAWAL_CARRIER_URL": "http://127.0.0.1:1"})

    ended = await nowhere.run("service", "reconcile", "2026-11-23", "--json")

    assert ended.error == "the carrier is away (ConnectError): try again later"


async def shows_nothing_personal(shell: QuickShell, *arguments: str) -> None:
    said: list[Any] = [(await shell.ok(*arguments)).out, (await shell.ok(*arguments, "--json")).out]
    for value in PERSONAL:
        assert value not in "".join(said)
