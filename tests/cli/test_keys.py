"""Keys of systems, made, listed and revoked with nothing but commands."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.identity.api_keys import ApiKeys
from gateway.identity.identity import UnknownCallerError
from schemas.access import Action
from storage.database import Pool
from tests.cli.calm import QuickShell

KEY = re.compile(r"kwl_([a-z]{10})_[A-Za-z0-9_-]{43}")


@pytest.fixture
def shell(database_url: str, pool: Pool, tmp_path: Path) -> QuickShell:
    return QuickShell(tmp_path, {"KAWAL_DATABASE_URL": database_url, "KAWAL_KEYS": pool.ring.written()})


async def listed(shell: QuickShell, key_id: str) -> dict[str, Any]:
    keys = (await shell.document("key", "list"))["keys"]
    (found,) = [key for key in keys if key["key_id"] == key_id]
    return dict(found)


async def test_a_key_is_shown_once_and_opens_until_it_is_revoked(shell: QuickShell, pool: Pool) -> None:
    said = (await shell.ok("key", "create", "--name", "Super-app", "--channel", "super-app")).out
    shown = KEY.search(said)
    assert shown
    secret, key_id = shown[0], shown[1]
    assert "It opens read-text, see, speak, submit, until it is revoked." in said
    assert (await ApiKeys(pool).caller(secret)).channel == "super-app"

    known = await listed(shell, key_id)
    assert (known["name"], known["made_by"], known["expires_at"], known["revoked_at"]) == (
        *("Super-app", "operator"),
        *(None, None),
    )
    assert known["last_used_at"]
    table = (await shell.ok("key", "list")).out
    assert key_id in table
    for everything in (table, str(await shell.document("key", "list"))):
        assert secret[-43:] not in everything

    assert f"{key_id}, of Super-app, is revoked since" in (await shell.ok("key", "revoke", key_id)).out
    with pytest.raises(UnknownCallerError, match="revoked"):
        await ApiKeys(pool).caller(secret)
    revoked = await shell.document("key", "revoke", key_id)
    assert revoked == await listed(shell, key_id)
    assert revoked["revoked_at"]


async def test_a_key_is_made_as_it_is_asked_for(shell: QuickShell, pool: Pool) -> None:
    made = await shell.document(
        *("key", "create", "--name", "Bridge", "--channel", "lapor", "--actor", "bridge-team"),
        *("--scope", "submit", "--scope", "read-person", "--expires-in-days", "30"),
    )
    secret = made.pop("key")

    assert made == {**await listed(shell, made["key_id"])}
    assert (made["scopes"], made["made_by"]) == (["read-person", "submit"], "bridge-team")
    lives = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["made_at"])
    assert abs(lives - timedelta(days=30)) < timedelta(minutes=1)
    assert (await ApiKeys(pool).caller(secret)).scopes == frozenset({Action.SUBMIT, Action.READ_PERSON})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--name", "N", "--channel", "c", "--scope", "work"), "scopes: no key opens work: choose of"),
        (("create", "--name", "N", "--channel", "c", "--scope", "all"), "'all' is not one of"),
        (("create", "--name", "N", "--channel", "081272345678"), "channel: looks like a personal number"),
        (
            ("create", "--name", "N", "--channel", "c", "--expires-in-days", "0"),
            "'--expires-in-days': Input should be greater",
        ),
        (("create", "--name", "N"), "Missing option '--channel'"),
        (("revoke", "nobodykeys"), "key: there is none with this id; see kawal key list"),
    ],
)
async def test_a_mistake_is_named_with_its_mend(shell: QuickShell, arguments: tuple[str, ...], said: str) -> None:
    assert said in (await shell.run("key", *arguments, "--json")).error
