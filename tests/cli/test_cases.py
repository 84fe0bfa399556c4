import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from cli.case_page import Page, print_page
from domain.view import view
from schemas.policy import Policy
from schemas.status import Label, Status, StatusScheme
from tests import making
from tests.cli.calm import Calm, calm
from tests.cli.command import Dev, Shell
from tests.life import Life

ROAD = ("submit", "--category", "road-province", "--region", "18.01", "--text", "Jalan berlubang")


@pytest.fixture(scope="module")
async def here(running: Dev) -> AsyncIterator[Calm]:
    async with calm(running, "cases") as everything:
        yield everything


@pytest.fixture
def stopped_worker(running: Dev) -> Iterator[None]:
    pid = running.child("-m worker")
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


async def test_a_case_goes_from_the_counter_to_its_end(here: Calm) -> None:
    shell, case = here.processes, await here.road()

    acknowledged = await shell.document("acknowledge", case, "--agency", "BMBK")
    assert (acknowledged["case_id"], acknowledged["status"]) == (case, "in progress")

    responded = await shell.document("respond", case, "--text", "Sudah ditambal", "--message-id", "answer")
    assert (responded["message_id"], responded["status"]) == ("answer", "resolved")
    assert await shell.document("respond", case, "--text", "Sudah ditambal", "--message-id", "answer") == responded
    assert (await shell.document("rate", case, "--score", "4"))["status"] == "closed"

    shown = await shell.document("show", case)
    assert shown["case"]["on_time"] is True
    assert shown["ledger_holds"] is True
    kinds = [line["kind"] for line in shown["timeline"]]
    assert kinds == ["received", "assigned", "acknowledged", "responded", "rated", "closed"]

    late = (await shell.run("withdraw", case, "--json")).error
    assert case in late
    assert "closed" in late


async def test_people_read_plain_words_on_standard_output(shell: Shell) -> None:
    submitted = await shell.ok(*ROAD)
    case = submitted.out.split("The case is ")[1].split(".")[0]
    assert f"kawal show {case}" in submitted.out
    await shell.happened(case, "assigned")

    shown = await shell.ok("show", case)
    for word in (case, "assigned", "road-province in 18.01", "liaison-officer@BMBK", "Asia/Jakarta", "Timeline"):
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


async def test_complaints_about_the_same_spot_are_shown_as_perhaps_the_same(here: Calm) -> None:
    first = await here.road("--latitude", "-5.42", "--longitude", "105.26")
    submit = ("submit", "--category", "road", "--region", "18.01", "--text", "Lubang", "--identity", "anonymous")
    submitted = await here.shell.ok(*submit, "--latitude", "-5.42", "--longitude", "105.26", "--respondent", "BMBK")
    assert f"It may be the same as {first}." in submitted.out
    second = submitted.out.split("The case is ")[1].split(".")[0]
    await here.shell.happened(second, "assigned")

    shown = words_of((await here.shell.ok("show", second)).out)
    for words in (f"may be the same {first}", "reporter anonymous", "accused BMBK", "in other words Disposisi (JAKI)"):
        assert words in shown
    document = await here.shell.document("show", second, "--language", "en")
    assert document["case"]["possible_duplicates"] == [first]
    assert document["status_words"] == [{"scheme": "jaki", "name": "JAKI", "words": "Passed on"}]
    assert document["zone"] == "Asia/Jakarta"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--latitude", "-5.42"), "place.longitude: is missing"),
        (("--latitude", "95", "--longitude", "105"), "place.latitude: Input should be less than or equal to 90"),
        (("--identity", "secret"), "'--identity': "),
        (("--respondent", "1871012345678901"), "respondent: looks like a personal number: give a code of the policy"),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else "",
)
async def test_what_is_wrong_with_a_complaint_is_named(here: Calm, options: tuple[str, ...], said: str) -> None:
    ended = await here.shell.run("submit", "--category", "road", "--text", "x", *options, "--json")

    assert said in ended.error


def words_of(out: str) -> str:
    return re.sub(r"\s+", " ", out)


def printed(life: Life, capsys: pytest.CaptureFixture[str], **more: Any) -> str:
    """What `kawal show` prints of a case, with every stretch of blanks as one."""
    page: dict[str, Any] = {"case": view(life.state), "policy": life.policy, "merged_cases": [], "deliveries": []}
    print_page(Page(**page | {"timeline": [], "ledger": [], "broken": None} | more))
    return words_of(capsys.readouterr().out)


def test_both_clocks_are_shown_with_why_then_and_in_the_zone_of_the_policy(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(Life(), capsys)

    assert "due 2026-12-03 12:00:00 UTC because starts" in shown
    assert "due by law 2027-01-22 12:00:00 UTC because starts" in shown
    assert "next warned at 2026-12-01 00:00:00 UTC (operator@ROADS)" in shown
    assert "PROVISIONAL" not in shown


def test_a_deadline_beyond_the_decreed_holidays_is_flagged(capsys: pytest.CaptureFixture[str]) -> None:
    life = Life()
    case = view(life.state)
    assert case.level_clock
    due = case.level_clock.due.model_copy(update={"provisional": True})
    uncertain = case.model_copy(update={"level_clock": case.level_clock.model_copy(update={"due": due})})

    shown = printed(life, capsys, case=uncertain)

    assert "due 2026-12-03 12:00:00 UTC PROVISIONAL: holidays of that time are not decreed yet because" in shown


def test_a_resting_clock_is_shown_with_what_it_has_left(capsys: pytest.CaptureFixture[str]) -> None:
    life = Life()
    life.passes(days=4)
    life.says("pause", limit="20 days", reason="waiting-budget")

    shown = printed(life, capsys)

    assert "due rests since 2026-11-27 12:00:00 UTC, with 6 days, 0:00:00 left" in shown
    assert "window on hold until 2026-12-17 12:00:00 UTC at most; then the case goes on" in shown
    assert "takes now note, respond, withdraw, resume, disprove on time yes" in shown


def test_a_case_that_nobody_answered_is_shown_with_the_way_out_that_the_law_opens(
    capsys: pytest.CaptureFixture[str],
) -> None:
    life = Life()
    life.passes(days=100)

    shown = printed(life, capsys)

    assert "due it has passed, and nobody stands above" in shown
    assert "due by law 2027-01-22 12:00:00 UTC; it has passed" in shown
    assert "open to reporter Ombudsman (UU 37/2008)" in shown
    assert "window the top of the ladder is reminded again at " in shown
    assert "still sees it operator@ROADS, " in shown
    assert "on time no" in shown


def test_each_part_of_a_coordinated_case_has_its_holder_and_clock(capsys: pytest.CaptureFixture[str]) -> None:
    life = Life()
    life.says("coordinate", agencies=("ROADS", "SCHOOLS"))
    life.says("respond", actor=making.operator("SCHOOLS"))

    shown = printed(life, capsys)

    assert "part of ROADS level 0, operator@ROADS due 2026-12-03 12:00:00 UTC" in shown
    assert "part of SCHOOLS answered 2026-11-23 12:00:00 UTC" in shown


def test_the_status_is_said_in_the_words_of_every_public_channel(capsys: pytest.CaptureFixture[str]) -> None:
    labels = {status: Label(id="Proses", en="In progress", colour="yellow") for status in Status}
    schemes = tuple(StatusScheme(code=name.lower(), name=name, labels=labels) for name in ("JAKI", "LAPOR"))
    life = Life(changed(making.whole_policy(), schemes=schemes))

    assert "in other words Proses (JAKI), Proses (LAPOR)" in printed(life, capsys)
    assert "in other words In progress (JAKI), In progress (LAPOR)" in printed(life, capsys, language="en")


def changed(policy: Policy, **fields: object) -> Policy:
    return Policy.model_validate({name: getattr(policy, name) for name in Policy.model_fields} | fields)
