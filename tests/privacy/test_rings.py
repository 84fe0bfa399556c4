"""The key ring: written, read, exchanged; and what happens when a key is missing or is another."""

import base64
import os

import asyncpg
import pytest

from privacy.fields import seal_fields, unseal_fields
from privacy.ring import KeyRing, RingError, new_ring, read_ring, with_new_key
from privacy.sealing import SealBrokenError, new_key, seal, unseal
from runtime import settings
from storage import database, person_records, persons
from storage.database import Pool


def key() -> str:
    """Return a key as rings write it; always the same, for it names tests."""
    return base64.b64encode(bytes(range(32))).decode()


def test_a_ring_is_read_as_it_was_written() -> None:
    ring = with_new_key(new_ring("2026"), "2027")
    assert read_ring(ring.written()) == ring
    assert ring.newest == "2027"
    assert read_ring(f"\n {ring.written()} \n") == ring


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "needs a key of its own and one named index"),
        (f"index:{key()}", "needs a key of its own and one named index"),
        (f"2026:{key()}", "needs a key of its own and one named index"),
        (f"2026:{key()[:-4]} index:{key()}", "entry 1 is no key"),
        (f"2026:not-base64! index:{key()}", "entry 1 is no key"),
        (f"{key()} index:{key()}", "entry 1"),
        (f"2026:{key()} 2026:{key()} index:{key()}", "entry 2 has no name, or that of another"),
    ],
)
def test_what_is_no_ring_is_refused_without_repeating_it(written: str, problem: str) -> None:
    with pytest.raises(RingError, match=problem) as caught:
        read_ring(written)
    assert not [word for word in written.replace(":", " ").split() if len(word) > 10 and word in str(caught.value)]


def test_a_ring_shows_its_keys_to_nobody_by_accident() -> None:
    ring = new_ring("2026")
    for secret in (*ring.keys.values(), ring.index):
        assert repr(secret) not in repr(ring)
        assert base64.b64encode(secret).decode() not in f"{ring} {ring!r}"


def test_a_name_is_given_once() -> None:
    for taken in ("2026", "index"):
        with pytest.raises(RingError, match="choose another name"):
            with_new_key(new_ring("2026"), taken)


def test_without_keys_it_is_said_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAWAL_DATABASE_URL", "postgresql://elsewhere")
    with pytest.raises(settings.SettingsError, match="kawal privacy new-key"):
        settings.key_ring({})


def test_keys_may_stand_in_a_file(tmp_path: os.PathLike[str]) -> None:
    ring = new_ring("2026")
    path = os.path.join(tmp_path, "ring")  # noqa: PTH118 - as a variable of the environment holds it
    with open(path, "w") as file:  # noqa: PTH123
        file.write(ring.written())
    assert settings.key_ring({"KAWAL_KEYS_FILE": path}) == ring
    with pytest.raises(settings.SettingsError, match=r"KAWAL_KEYS_FILE: .*cannot be read: FileNotFoundError"):
        settings.key_ring({"KAWAL_KEYS_FILE": f"{path}.not"})


def test_a_sealed_value_is_worth_nothing_elsewhere_or_changed() -> None:
    mine = new_key()
    sealed = seal(mine, b"secret", "complaint:1:text")
    assert unseal(mine, sealed, "complaint:1:text") == b"secret"
    assert b"secret" not in sealed
    for key_, value, of in (
        (new_key(), sealed, "complaint:1:text"),
        (mine, sealed, "complaint:2:text"),
        (mine, sealed[:-1] + bytes([sealed[-1] ^ 1]), "complaint:1:text"),
        (mine, b"\x02" + sealed[1:], "complaint:1:text"),
        (mine, b"", "complaint:1:text"),
        (mine, sealed[:5], "complaint:1:text"),
    ):
        with pytest.raises(SealBrokenError):
            unseal(key_, value, of)


def test_the_same_value_is_sealed_otherwise_each_time_and_fields_cannot_be_exchanged() -> None:
    mine = new_key()
    fields = {"name": "Siti", "phone": "Siti", "none": None}
    sealed, again = seal_fields(mine, fields, "r"), seal_fields(mine, fields, "r")
    assert set(sealed) == {"name", "phone"}
    assert sealed["name"] != again["name"]
    assert unseal_fields(mine, sealed, "r") == {"name": "Siti", "phone": "Siti"}
    with pytest.raises(SealBrokenError):
        unseal_fields(mine, {"name": sealed["phone"]}, "r")


async def sealed_under(pool: Pool, ring: KeyRing, person: str) -> dict[str, str]:
    await persons.named(pool, ring, person)
    return await persons.sealed_for(pool, ring, person, "test", {"name": "Siti"})


async def test_after_an_exchange_of_keys_the_old_one_is_needed_no_more(database_url: str) -> None:
    old = new_ring("old")
    both = with_new_key(old, "new")
    alone = KeyRing({"new": both.keys["new"]}, both.index)
    url = await a_database_of_its_own(database_url)
    async with await database.connect(url, ring=both) as pool:
        sealed = {name: await sealed_under(pool, old, name) for name in ("rotated-1", "rotated-2", "rotated-3")}
        with pytest.raises(RingError, match="lacks the key old"):
            await persons.opened_for(pool, alone, "rotated-1", "test", sealed["rotated-1"])
        assert await person_records.wrapped_by_others(pool) == 3

        assert [await person_records.rewrap(pool, at_once=2) for _ in range(3)] == [2, 1, 0]

        assert await person_records.wrapped_by_others(pool) == 0
        for name, fields in sealed.items():
            assert await persons.opened_for(pool, alone, name, "test", fields) == {"name": "Siti"}


async def a_database_of_its_own(database_url: str) -> str:
    """Make one beside that of all tests, whose persons are sealed under another ring."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("create database rotation")
    await connection.close()
    url = database_url.replace("/kawal?", "/rotation?")
    assert url != database_url
    await database.migrate(url)
    return url


async def test_a_ring_with_another_key_under_the_name_is_noticed(database_url: str) -> None:
    mine, other = new_ring("same-name"), new_ring("same-name")
    async with await database.connect(database_url, ring=mine) as pool:
        sealed = await sealed_under(pool, mine, "rotated-2")
        with pytest.raises(RingError, match="is not the one that wrapped persons' keys"):
            await persons.opened_for(pool, other, "rotated-2", "test", sealed)
