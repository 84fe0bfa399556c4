"""Webhooks made, looked after and removed with nothing but commands."""

from pathlib import Path

import pytest

from storage import case_records
from storage.database import Pool
from tests.channels.receiving import bring_forward, dispatcher, forget_everything, receiving
from tests.cli.calm import QuickShell
from tests.gateway.telling import climb


@pytest.fixture(autouse=True)
async def nothing_else_to_tell(pool: Pool) -> None:
    await forget_everything(pool)


@pytest.fixture
def shell(database_url: str, pool: Pool, tmp_path: Path) -> QuickShell:
    return QuickShell(tmp_path, {"KAWAL_DATABASE_URL": database_url, "KAWAL_KEYS": pool.ring.written()})


async def test_a_webhook_is_added_shown_without_its_secret_and_removed(shell: QuickShell) -> None:
    kind = "id.kawal.case.closed"
    made = await shell.document("webhook", "add", "https://8.8.8.8/hook", "--channel", "super-app", "--kind", kind)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["channel"], made["kinds"], made["owner"]) == ("super-app", [kind], "command-line")
    assert await shell.document("webhook", "list") == {"webhooks": [made]}
    shown = (await shell.ok("webhook", "list", "--channel", "super-app")).out
    assert made["id"] in shown
    assert "works" in shown
    assert secret not in shown
    assert (await shell.document("webhook", "list", "--channel", "other")) == {"webhooks": []}
    assert await shell.document("webhook", "remove", made["id"]) == {"removed": made["id"]}
    again = await shell.run("webhook", "remove", made["id"], "--json")
    assert again.error == f"webhook: there is none with the id {made['id']}; see kawal webhook list"
    assert "There are none" in (await shell.ok("webhook", "list")).out


async def test_a_webhook_within_our_network_is_refused(shell: QuickShell) -> None:
    for url in ("https://127.0.0.1/hook", "http://8.8.8.8/hook", "https://nowhere.invalid"):
        assert (await shell.run("webhook", "add", url, "--json")).error.startswith("url: ")
    local = shell.having(KAWAL_WEBHOOKS_LOCAL="1")
    assert (await local.document("webhook", "add", "http://127.0.0.1:9/hook"))["channel"] is None
    wrong = await shell.run("webhook", "add", "https://8.8.8.8", "--kind", "id.kawal.case.exploded", "--json")
    assert "is no type of event" in wrong.error


async def test_dead_letters_are_listed_and_sent_again(shell: QuickShell, pool: Pool) -> None:
    local = shell.having(KAWAL_WEBHOOKS_LOCAL="1")
    async with receiving() as receiver:
        made = await local.document("webhook", "add", receiver.url, "--kind", "id.kawal.case.escalated")
        receiver.secret, receiver.always = made["secret"], 500
        await case_records.commit(pool, climb("whc-dead"))
        await dispatcher(pool).one_pass()
        assert await shell.document("webhook", "deliveries", "--dead") == {"deliveries": []}
        assert "failing" in (await shell.ok("webhook", "list")).out
        for _ in range(15):
            await bring_forward(pool, made["id"])
            await dispatcher(pool).one_pass()
        [dead] = (await shell.document("webhook", "deliveries", made["id"], "--dead"))["deliveries"]
        assert (dead["subject"], dead["attempts"], dead["last_error"]) == ("whc-dead", 16, "status 500")
        number = str(dead["id"])
        shown = (await shell.ok("webhook", "deliveries")).out
        assert "dead" in shown
        assert "whc-dead" in shown
        assert (await shell.document("webhook", "resend", number))["state"] == "pending"
        receiver.always = 200
        assert (await dispatcher(pool).one_pass()).sent == 1
    assert "arrived already" in (await shell.run("webhook", "resend", number, "--json")).error
    assert "there is none with the id 999999999" in (await shell.run("webhook", "resend", "999999999", "--json")).error
