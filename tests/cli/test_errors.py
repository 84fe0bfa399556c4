import asyncio
import re
import socket
from pathlib import Path

import pytest

from tests.cli.command import Dev, Ended, Shell

APP = ("submit", "--category", "app", "--text")
SIDE_BY_SIDE = 4
MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "a case that is not there": (("show", "K000000-NOSUCHID"), "case: there is none with the id K000000-NOSUCHID"),
    "a message to nobody": (("acknowledge", "nobody"), "case: there is none with the id nobody"),
    "a history of nobody": (("audit", "replay", "nobody"), "no history of one with the id nobody"),
    "one case or all": (("audit", "replay"), "name one CASE, or say --all"),
    "an empty text": ((*APP, ""), "'--text': is empty"),
    "a blank answer": (("respond", "nobody", "--text", "  "), "'--text': is empty"),
    "a moment without a zone": ((*APP, "x", "--promised-at", "2027-01-04T09:00:00"), "2026-12-31T16:00:00+07:00"),
    "a category that is no code": (("submit", "--category", " ", "--text", "x"), "category: "),
    "a policy that is not there": ((*APP, "x", "--policy", "other"), "policy: none of this name"),
    "an e-mail address": (("withdraw", "nobody", "--actor", "budi@example.org"), "actor.id: "),
    "an identity number": (("withdraw", "nobody", "--actor", "1871012345678901"), "actor.id: "),
    "a missing option": (("submit",), "'--category'"),
    "an unknown command": (("shwo", "nobody"), "shwo"),
    "a port that is none": (("dev", "--ephemeral", "--ui-port", "99999"), "'--ui-port'"),
    "a file nowhere": (("dev", "--ephemeral", "--ready-file", "/no/such/file"), "there is no folder /no/such"),
    "a pack nowhere": (("init", "--policy", "/no/such/pack"), "/no/such/pack"),
}


@pytest.fixture(scope="module")
async def answers(shell: Shell) -> dict[str, Ended]:
    """What is said to each mistake, with --json: asked side by side, for a command's start is most of its time."""
    ended = await together(shell, *(arguments for arguments, _ in MISTAKES.values()))
    return dict(zip(MISTAKES, ended, strict=True))


async def together(shell: Shell, *commands: tuple[str, ...]) -> list[Ended]:
    room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def run(command: tuple[str, ...]) -> Ended:
        async with room:
            return await shell.run(*command, "--json")

    return await asyncio.gather(*map(run, commands))


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_is_named_as_json(answers: dict[str, Ended], mistake: str) -> None:
    _, said = MISTAKES[mistake]

    assert said in answers[mistake].error


@pytest.mark.parametrize("mistake", ["a case that is not there", "an empty text", "an identity number"])
async def test_a_mistake_is_named_on_standard_error(shell: Shell, mistake: str) -> None:
    arguments, said = MISTAKES[mistake]

    ended = await shell.run(*arguments)

    assert ended.status != 0
    assert ended.out == ""
    assert said in re.sub(r"\s*│?\n│?\s*", " ", ended.err)  # wrong usage is reported in a box


async def test_errors_do_not_repeat_what_may_be_personal(shell: Shell) -> None:
    for ended in await shell.both("withdraw", "nobody", "--actor", "budi@example.org"):
        assert "budi" not in ended.out + ended.err


@pytest.mark.parametrize("command", [("init",), ("dev", "--ephemeral")], ids=" ".join)
async def test_a_broken_policy_pack_is_reported_before_anything_is_started(
    nowhere: Shell, broken_pack: Path, command: tuple[str, ...]
) -> None:
    for_people, as_json = await nowhere.both(*command, "--policy", str(broken_pack))

    said = r"categories\.toml, line \d+: .*route of terminal.* names the agency DISHUBX, which is not listed"
    assert re.search(said, as_json.error)
    assert as_json.error in for_people.err
    assert "Starting" not in for_people.err


@pytest.mark.parametrize(
    "command", [("show", "nobody"), (*APP, "x"), ("init",), ("worker",)], ids=lambda command: command[0]
)
async def test_where_nothing_runs_a_command_says_how_to_start_it(nowhere: Shell, command: tuple[str, ...]) -> None:
    for_people, as_json = await nowhere.both(*command)

    assert "kawal dev" in as_json.error
    assert "KAWAL_DATABASE_URL" in as_json.error
    assert as_json.error in for_people.err


async def test_a_port_where_nobody_listens_is_named_at_once(shell: Shell) -> None:
    no_temporal = shell.having(TEMPORAL_ADDRESS="127.0.0.1:1")
    for ended in await together(no_temporal, ("init",), ("audit", "replay", "nobody")):
        error = ended.error
        assert error.startswith(
            "Temporal does not answer at 127.0.0.1:1: nobody listens there. Start it with kawal dev"
        )

    no_database = shell.having(KAWAL_DATABASE_URL="postgresql://kawal:secret@127.0.0.1:1/kawal")
    for ended in await together(no_database, ("init",), ("show", "nobody")):
        error = ended.error
        assert "the database does not answer at 127.0.0.1: " in error
        assert "KAWAL_DATABASE_URL" in error
        assert "secret" not in error


async def test_a_server_that_stays_mute_is_given_up_on(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        no_database, no_temporal = await asyncio.gather(
            shell.having(KAWAL_DATABASE_URL=f"postgresql://a@{address}/b").run("show", "x", "--json"),
            shell.having(TEMPORAL_ADDRESS=address).run("audit", "replay", "x", "--json"),
        )

    assert "the database does not answer at 127.0.0.1" in no_database.error
    assert "Temporal does not answer" in no_temporal.error


async def test_an_address_that_is_none_and_a_database_without_tables_are_named(shell: Shell, running: Dev) -> None:
    nonsense = (await shell.having(KAWAL_DATABASE_URL="nonsense").run("show", "x", "--json")).error
    assert "postgresql://user:password@host/name" in nonsense

    empty = running.addresses["database"].replace("/kawal?", "/postgres?")
    for ended in await together(shell.having(KAWAL_DATABASE_URL=empty), ("show", "x"), (*APP, "x")):
        assert ended.error == "the database has no tables of Kawal yet: run kawal init"
