"""People are reached by mail, WhatsApp and SMS: each channel has addresses of its kind, and lists show them masked."""

from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from local.scratch import scratch_folder
from schemas.notices import EMAIL, SMS, WHATSAPP, Contact, masked
from storage import contacts
from storage.database import Pool
from tests.cli.command import Shell
from tests.making import NOON

PHONE = "+6281234567001"


@pytest.fixture
async def shell(database_url: str) -> AsyncIterator[Shell]:
    with scratch_folder() as folder:
        yield Shell(folder, {"KAWAL_DATABASE_URL": database_url})


@pytest.mark.parametrize(
    ("channel", "address", "mend"),
    [
        (EMAIL, PHONE, "is no e-mail address"),
        (WHATSAPP, "budi@go.id", "is no phone number with its country"),
        (SMS, "081234567001", "is no phone number with its country"),
        (SMS, "+6281234567001\n", "is no phone number with its country"),
        (SMS, "+99", "is no phone number with its country"),
        ("pigeon", PHONE, "is no channel: write one of email, whatsapp, sms"),
    ],
)
def test_an_address_is_one_of_its_channel_or_refused_without_repeating_it(
    channel: str, address: str, mend: str
) -> None:
    with pytest.raises(ValidationError, match=mend) as refused:
        Contact(recipient="head@C1", channel=channel, address=address)

    assert address not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [(PHONE, "+62812****001"), ("+12345678", "+1****678"), ("+1234567", "+****567"), ("budi@go.id", "b***@go.id")],
)
def test_a_masked_address_hides_four_signs_at_least(address: str, shown: str) -> None:
    assert masked(address) == shown


async def test_the_addresses_of_one_channel_are_replaced_and_those_of_others_stay(pool: Pool) -> None:
    await contacts.replace(pool, "head@CH1", ["budi@go.id"], NOON)
    await contacts.replace(pool, "head@CH1", [PHONE], NOON, channel=WHATSAPP)
    await contacts.replace(pool, "head@CH1", ["+6281234567002"], NOON, channel=WHATSAPP)

    found = [(one.channel, one.address) for one in await contacts.listing(pool, "head@CH1")]

    assert found == [(EMAIL, "budi@go.id"), (WHATSAPP, "+6281234567002")]
    await contacts.replace(pool, "head@CH1", [], NOON)
    await contacts.replace(pool, "head@CH1", [], NOON, channel=WHATSAPP)


async def test_numbers_are_set_as_people_write_them_and_shown_masked(shell: Shell) -> None:
    await shell.ok("contact", "set", "head@CH2", "budi@go.id")
    told = await shell.ok("contact", "set", "head@CH2", "0812-3456-7001", "+62 812 9988 7766", "--channel", "whatsapp")
    await shell.ok("contact", "set", "head@CH2", "0812 3456 7001", "--channel", "sms")

    assert "+62812****001" in told.out
    listed = await shell.document("contact", "list", "head@CH2")
    assert [(one["channel"], one["address"]) for one in listed["contacts"]] == [
        ("email", "b***@go.id"),
        ("sms", "+62812****001"),
        ("whatsapp", "+62812****001"),
        ("whatsapp", "+62812****766"),
    ]
    only = await shell.document("contact", "remove", "head@CH2", "--channel", "whatsapp")
    assert [one["channel"] for one in only["contacts"]] == ["email", "sms"]
    assert "has no contact any more" in (await shell.ok("contact", "remove", "head@CH2")).out


async def test_what_is_no_number_is_named_by_its_place_and_not_repeated(shell: Shell) -> None:
    ended = await shell.run("contact", "set", "head@CH3", "081234567001", "nomor rahasia", "--channel", "sms", "--json")

    assert ended.error == "sms: number 2 is no phone number: write it as 0812... or +62812..."
    assert await shell.document("contact", "list", "head@CH3") == {"contacts": []}
