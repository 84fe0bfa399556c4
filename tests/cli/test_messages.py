"""Each kind of message has a command: to its good end, and refused with the field and the mend."""

import inspect
from collections.abc import AsyncIterator

import pytest

from cli.messages import PANELS
from schemas.messages import MESSAGES
from tests.cli.calm import Calm, calm
from tests.cli.command import Dev, Ended, Shell

COMMANDS = {command.__name__: command for commands in PANELS.values() for command in commands}
OTHER_NAMES = {("transfer", "agency"): "to", ("verify", "agency"): "assign", ("disprove", "agency"): "of"} | {
    ("deliver", "recipient"): "address"
}
"""Options that cannot have their field's name: --agency is the sender's, and a recipient is kept apart."""

REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "provide": (("--text", "Ini fotonya"), "is assigned: nobody can provide it now; it takes verify, ask"),
    "appeal": (("--text", "Tidak adil"), "nobody can appeal it now"),
    "reopen": (("--text", "Belum diperbaiki"), "nobody can reopen it now"),
    "rate": (("--score", "7"), "'--score': Input should be less than or equal to 5"),
    "withdraw": (("--actor", "budi@example.org"), "actor.id: "),
    "verify": (("--assign", "NOSUCH"), "agency: "),
    "acknowledge": (("--agency", "DISHUB"), "actor.agency: case {case} is with BMBK"),
    "ask": (("--text", "Di mana?", "--office", "liaison-officer@DISHUB"), "actor.agency: case {case} is with BMBK"),
    "note": (("--text", "  "), "'--text': is empty: write what was said"),
    "respond": (("--text", "Sudah", "--evidence", "1871012345678901"), "evidence.0: looks like a national identity"),
    "deliver": (
        ("--service", "road-permit", "--name", "Siti", "--address", "Jalan Kartini 1"),
        "service: road-permit is not one by which a case may have something carried (reflectors)",
    ),
    "transfer": (("--to", "BMBK", "--reason", "wrong-agency", "--text", "x"), "agency: the case is with BMBK already"),
    "coordinate": (("--with", "BMBK", "--with", "BMBK"), "agencies: one is named twice"),
    "refer": (("--addressee", "NOSUCH", "--text", "x"), "addressee: NOSUCH is not one of the policy's (BPJN)"),
    "reject": (("--reason", "Not A Code", "--text", "x"), "reason: "),
    "merge": (("--into", "K000000-NOSUCHID"), "into: there is no case K000000-NOSUCHID"),
    "unmerge": ((), "nobody can unmerge it now"),
    "pause": (("--limit", "5", "--reason", "waiting"), "limit: '5' is not a limit: write a number and a unit, e.g. \""),
    "resume": ((), "nobody can resume it now"),
    "extend": (("--by", "9 days", "--reason", "rain", "--text", "x"), "by: 9 days is more than the policy's 5 days"),
    "disprove": (
        (
            "--text",
            "Bohong",
        ),
        "there is no such answer that could be found false",
    ),
}


@pytest.fixture(scope="module")
async def here(running: Dev) -> AsyncIterator[Calm]:
    async with calm(running, "messages") as everything:
        yield everything


@pytest.fixture(scope="module")
async def untouched(here: Calm) -> str:
    return await here.road()


@pytest.fixture(scope="module")
async def refusals(here: Calm, untouched: str) -> dict[str, Ended]:
    return {kind: await here.shell.run(kind, untouched, *given, "--json") for kind, (given, _) in REFUSED.items()}


async def status(shell: Shell, *command: str) -> str:
    return str((await shell.document(*command))["status"])


def test_every_kind_that_people_send_has_a_command_with_all_of_its_fields() -> None:
    assert set(COMMANDS) == set(MESSAGES) - {"recalculate", "carried"} == set(REFUSED)
    for kind, command in COMMANDS.items():
        fields = set(MESSAGES[kind].model_fields) - {"kind", "accepted_at", "seen"}
        options = set(inspect.signature(command).parameters)
        assert {OTHER_NAMES.get((kind, field), field) for field in fields} <= options, kind


@pytest.mark.parametrize("kind", REFUSED)
async def test_a_message_that_is_refused_says_why(refusals: dict[str, Ended], untouched: str, kind: str) -> None:
    assert REFUSED[kind][1].format(case=untouched) in refusals[kind].error


@pytest.mark.usefixtures("refusals")
async def test_what_is_refused_leaves_no_text_and_changes_nothing(here: Calm, untouched: str) -> None:
    assert await here.stored_texts(untouched) == []
    timeline = (await here.shell.document("show", untouched))["timeline"]
    assert {line["kind"] for line in timeline} <= {"received", "assigned", "message refused"}


async def test_agency_and_reporter_talk_until_the_answer_is_rated(here: Calm) -> None:
    shell, case = here.shell, await here.road()

    assert await status(shell, "verify", case, "--class", "complaint", "--office", "liaison-officer@BMBK") == "assigned"
    assert await status(shell, "acknowledge", case, "--agency", "BMBK", "--role", "superior") == "in progress"
    assert await status(shell, "note", case, "--text", "Tim ke lokasi") == "in progress"
    assert await status(shell, "ask", case, "--text", "Di mana persisnya?") == "needs information"
    asked = await shell.ok("show", case)
    assert "the reporter may provide what was asked for until" in asked.out
    assert asked.out.count("rests since") == 2  # both clocks do
    assert await status(shell, "provide", case, "--text", "Di depan pasar") == "in progress"

    before = (await shell.document("show", case))["case"]["level_clock"]["due"]["at"]
    assert await status(shell, "extend", case, "--by", "2 days", "--reason", "rain", "--text", "Hujan") == "in progress"
    longer = (await shell.document("show", case))["case"]["level_clock"]["due"]
    assert longer["at"] > before
    assert "extended by 2 days (rain)" in longer["steps"][-1]
    assert await status(shell, "pause", case, "--limit", "3 days", "--reason", "waiting-budget") == "on hold"
    assert await status(shell, "resume", case) == "in progress"

    answer = ("respond", case, "--text", "Sudah", "--evidence", "foto-1", "--evidence", "foto-2")
    assert await status(shell, *answer) == "resolved"
    assert await status(shell, "reopen", case, "--text", "Masih berlubang") == "assigned"
    assert await status(shell, *answer) == "resolved"
    assert await status(shell, "disprove", case, "--text", "Tidak ada pekerjaan") == "assigned"
    assert await status(shell, *answer, "--message-id", "last") == "resolved"
    rated = await shell.ok("rate", case, "--score", "5", "--text", "Terima kasih")
    assert f"Done: case {case} is closed" in rated.out

    assert await here.stored_texts(case) == [
        *("Tim ke lokasi", "Di mana persisnya?", "Di depan pasar", "Hujan", "Sudah", "Masih berlubang", "Sudah"),
        *("Tidak ada pekerjaan", "Sudah", "Terima kasih"),
    ]
    assert (await shell.document("show", case))["case"]["rating"] == 5


async def test_a_case_is_passed_on_and_then_answered_by_two_agencies(here: Calm) -> None:
    shell, case = here.shell, await here.road()

    passed_on = ("transfer", case, "--to", "DISHUB", "--reason", "wrong-agency", "--category", "terminal")
    assert await status(shell, *passed_on, "--text", "Lampu lalu lintas") == "assigned"
    assert await status(shell, "coordinate", case, "--with", "DISHUB", "--with", "KOMINFOTIK") == "coordinating"
    shown = await shell.ok("show", case)
    for words in ("Koordinasi (JAKI)", "part of DISHUB", "part of KOMINFOTIK", "has to act", "still sees it"):
        assert words in shown.out
    assert await status(shell, "respond", case, "--text", "Lampu", "--agency", "DISHUB") == "coordinating"
    assert (
        await status(shell, "respond", case, "--text", "Aplikasi", "--office", "liaison-officer@KOMINFOTIK")
        == "resolved"
    )


async def test_a_case_is_rejected_appealed_and_referred(here: Calm) -> None:
    shell, case = here.shell, await here.road()

    assert await status(shell, "reject", case, "--reason", "no-complaint", "--text", "Bukan aduan") == "rejected"
    assert await status(shell, "appeal", case, "--text", "Ini aduan") == "verifying"
    assert await status(shell, "refer", case, "--addressee", "BPJN", "--text", "Jalan nasional") == "referred"
    shown = await shell.ok("show", case, "--language", "en")
    for words in ("Rejected (JAKI)", "Balai Pelaksanaan Jalan Nasional", "the reporter may contest it until"):
        assert words in shown.out


async def test_a_case_is_merged_into_another_taken_out_again_and_withdrawn(here: Calm, untouched: str) -> None:
    shell, case = here.shell, await here.road()

    assert await status(shell, "merge", case, "--into", untouched) == "merged"
    merged, target = await shell.document("show", case), await shell.document("show", untouched)
    assert (merged["case"]["merged_into"], target["merged_cases"]) == (untouched, [case])
    assert await status(shell, "unmerge", case, "--role", "reporter", "--actor", "reporter-3") == "assigned"
    assert await status(shell, "withdraw", case, "--role", "system", "--actor", "lapor") == "withdrawn"
