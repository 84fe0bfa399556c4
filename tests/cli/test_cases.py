import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from tests.cli.command import Dev, Shell

ROAD = ("submit", "--category", "road-province", "--region", "18.01", "--text", "Jalan berlubang")


@pytest.fixture
def stopped_worker(running: Dev) -> Iterator[None]:
    pid = running.child("-m worker")
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


async def test_a_case_goes_from_the_counter_to_its_answer(shell: Shell) -> None:
    case = (await shell.document(*ROAD))["case_id"]
    await shell.happened(case, "assigned")

    acknowledged = await shell.document("acknowledge", case, "--agency", "BMBK")
    assert (acknowledged["case_id"], acknowledged["status"]) == (case, "in progress")

    responded = await shell.document("respond", case, "--text", "Sudah ditambal", "--message-id", "answer")
    assert (responded["message_id"], responded["status"]) == ("answer", "closed")
    assert await shell.document("respond", case, "--text", "Sudah ditambal", "--message-id", "answer") == responded

    shown = await shell.document("show", case)
    assert shown["case"]["on_time"] is True
    assert shown["ledger_holds"] is True
    kinds = [line["kind"] for line in shown["timeline"] if line["kind"] != "warned"]
    assert kinds == ["received", "assigned", "acknowledged", "responded", "closed"]

    late = (await shell.run("withdraw", case, "--json")).error
    assert case in late
    assert "closed" in late


async def test_people_read_plain_words_on_standard_output(shell: Shell) -> None:
    submitted = await shell.ok(*ROAD)
    case = submitted.out.split("The case is ")[1].split(".")[0]
    assert f"kawal show {case}" in submitted.out
    await shell.happened(case, "assigned")

    shown = await shell.ok("show", case)
    for word in (case, "assigned", "road-province in 18.01", "liaison-officer@BMBK", "UTC", "Timeline"):
        assert word in shown.out

    withdrawn = await shell.ok("withdraw", case)
    assert f"case {case} is withdrawn" in withdrawn.out
    assert [submitted.err, shown.err, withdrawn.err] == ["", "", ""]


async def test_the_same_external_id_again_gives_the_same_case(shell: Shell) -> None:
    first, second = [await shell.document(*ROAD, "--external-id", "LAPOR-1") for _ in range(2)]

    assert first == second


async def test_a_promise_made_elsewhere_is_kept_in_utc(shell: Shell) -> None:
    complaint = await shell.document(*ROAD, "--promised-at", "2027-01-04T09:00:00+07:00")

    assert complaint["promised_at"] == "2027-01-04T02:00:00Z"


async def test_a_category_that_nobody_knows_is_accepted_and_goes_to_triage(shell: Shell) -> None:
    submitted = await shell.ok("submit", "--category", "[/] unknown", "--text", "Entah apa")
    assert "triage" in submitted.out
    assert "unknown category" in submitted.out

    case = submitted.out.split("The case is ")[1].split(".")[0]
    await shell.happened(case, "triaged")
    assert "[/] unknown" in (await shell.ok("show", case)).out


@pytest.mark.usefixtures("stopped_worker")
async def test_without_a_worker_a_case_is_shown_as_received_and_a_message_is_not_waited_for_in_vain(
    shell: Shell,
) -> None:
    case = (await shell.document(*ROAD))["case_id"]

    shown, for_people, answered = await asyncio.gather(
        shell.document("show", case), shell.ok("show", case), shell.run("respond", case, "--text", "Ya", "--json")
    )

    assert (shown["case"]["status"], shown["case"]["queue"], shown["timeline"]) == ("received", None, [])
    assert "a worker routes it" in for_people.out
    assert "kawal worker" in answered.error
    assert "--message-id" in answered.error
