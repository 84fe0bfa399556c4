import json
import os
import re
import shlex
import signal
from pathlib import Path

import httpx
import pytest

from cli.dev import DEFAULT_PORTS
from local.leftovers import Identity
from local.ports import free_ports
from schemas.access import CallerRole
from tests.cli.command import PROGRAM, Dev, Shell, all_end, dev, starting

LAMPUNG = Path(__file__).parents[2] / "policies" / "lampung"
SERVERS = ("bin/postgres", "start-dev", "-m worker")


def other_ports() -> list[str]:
    ports = dict(zip(DEFAULT_PORTS, free_ports(len(DEFAULT_PORTS)), strict=True))
    return [word for option, port in ports.items() for word in (option, str(port))]


async def test_everything_answers_once_the_ready_file_is_there(running: Dev) -> None:
    assert set(running.addresses) == {
        *("temporal", "temporal_ui", "database", "gateway"),
        *("carrier", "carrier_key", "carrier_secret"),
        *("api", "open311", "open311_api_key", "tokens"),
        *("issuer", "audience", "jwks", "keys", "evidence"),
    }
    assert running.ready_file.stat().st_mode & 0o077 == 0, "passwords, keys and tokens are in it"

    await running.shell.ok("init")


async def test_its_tokens_and_key_open_what_is_theirs(running: Dev) -> None:
    tokens = running.addresses["tokens"]
    assert set(tokens) == {role.value for role in CallerRole}
    async with httpx.AsyncClient(timeout=30) as http:
        opened = {
            role: (await http.get(f"{running.addresses['api']}/inbox", headers={"Authorization": f"Bearer {token}"}))
            for role, token in tokens.items()
        }
        form = {"api_key": running.addresses["open311_api_key"], "service_code": "road-province"}
        asked = {"lat": "-5.42", "long": "105.26", "description": "Lubang"}
        reported = await http.post(f"{running.addresses['open311']}/requests.json", data=form | asked)
    assert {role for role, answer in opened.items() if answer.status_code == 200} >= {"operator", "superior"}
    assert opened["reporter"].status_code == 403
    assert reported.json()[0]["service_request_id"]


async def test_it_says_what_to_open_and_try_and_what_happens(running: Dev) -> None:
    await running.until(lambda: "assigned" in running.out)

    assert "Kawal runs. Ctrl-C stops it; nothing is kept." in running.out
    assert running.addresses["temporal_ui"] in running.out
    for shows in ("nobody answers: watch it climb", "yours to answer", "waits in triage", "answered in time"):
        assert re.search(rf"Case +K\S+ +.*{shows}", running.out)
    assert running.err.count("Starting") == 5, "standard output is for what to do, not for progress"


async def test_what_it_suggests_works_under_another_policy_and_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    async with dev(folder, "--ephemeral", "--policy", str(LAMPUNG)) as running:
        everybody = running.everybody()
        await running.until(lambda: "What happens" in running.out)
        submission = re.search(r"submit .*", running.out)
        assert submission
        assert f"{PROGRAM} submit" in running.out, "as it was called, unless a shell finds it by its name"

        submitted = await running.shell.ok(*shlex.split(submission.group()))
        case = submitted.out.split("The case is ")[1].split(".")[0]
        assert "triage" not in submitted.out
        await running.until(lambda: f"{case}  assigned" in running.out)

        running.process.send_signal(signal.SIGINT)
        assert await running.ends() == 0
        await all_end(everybody)
    assert not (folder / "dev.ready").exists()
    assert not (folder / ".kawal").exists()


async def test_busy_ports_are_named_and_others_are_offered(nowhere: Shell, running: Dev) -> None:
    ports = {
        "--temporal-port": running.addresses["temporal"].rpartition(":")[2],
        "--ui-port": running.addresses["temporal_ui"].rpartition(":")[2],
        "--postgres-port": running.addresses["database"].rpartition(":")[2].partition("/")[0],
        "--gateway-port": running.addresses["gateway"].rpartition(":")[2],
        "--carrier-port": running.addresses["carrier"].rpartition(":")[2],
    }

    for_people, as_json = await nowhere.both("dev", *(word for option in ports.items() for word in option))

    assert for_people.status == 1
    for option, port in ports.items():
        assert port in as_json.error
        offered = re.search(rf"{option} (\d+)", as_json.error)
        assert offered
        assert offered.group(1) != port
    assert for_people.err.startswith("These ports are taken: ")


async def test_killed_it_leaves_no_orphans_and_goes_on_where_it_was(folder: Path, quick_pack: Path) -> None:
    ports = other_ports()
    shell = Shell(folder)
    async with dev(folder, "--policy", str(quick_pack), "--json", *ports) as first:
        assert json.loads(first.out) == first.addresses
        everybody = first.everybody()
        case = (await shell.document("submit", "--category", "terminal", "--region", "18", "--text", "x"))["case_id"]
        await shell.happened(case, "assigned")

        twin = await shell.run("dev", *other_ports())
        assert twin.status == 1
        assert f"process {first.process.pid} started it" in twin.err

        first.process.kill()
        await first.ends()
        await all_end(everybody)
    assert "kawal dev" in (await shell.run("show", case, "--json")).error

    async with dev(folder, "--policy", str(quick_pack), *ports) as second:
        await shell.happened(case, "escalated")
        await second.until(lambda: "What happens" in second.out)
        assert re.search(rf"Case +{case} +goes on: level", second.out)
        assert "yours to answer" not in second.out, "there is something to watch already"
        await shell.ok("audit", "replay", case)


async def test_servers_that_die_are_started_again_and_cases_go_on(folder: Path, quick_pack: Path) -> None:
    shell = Shell(folder)
    async with dev(folder, "--policy", str(quick_pack), "--json", *other_ports()) as running:
        case = (await shell.document("submit", "--category", "terminal", "--region", "18", "--text", "x"))["case_id"]
        await shell.happened(case, "assigned")
        killed = [Identity.of(running.child(words)) for words in SERVERS]
        for process in killed:
            os.kill(process.pid, signal.SIGKILL)
        await all_end(killed)
        await running.until(lambda: running.err.count("ended (killed by SIGKILL). Starting it again.") == len(SERVERS))

        await shell.happened(case, "escalated")
        again = (await shell.document("submit", "--category", "app", "--text", "x"))["case_id"]
        await shell.happened(again, "assigned")


@pytest.mark.parametrize("step", ["Starting PostgreSQL", "Starting Temporal"])
async def test_ctrl_c_is_heeded_while_it_starts(folder: Path, step: str) -> None:
    async with starting(folder, "--ephemeral") as running:
        await running.until(lambda: step in running.err)
        everybody = running.everybody()

        running.process.send_signal(signal.SIGINT)

        assert await running.ends() == 0
        await all_end(everybody)
