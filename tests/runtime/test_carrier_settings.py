"""The carrier is set by the environment, whole or not at all, and its secrets are shown to nobody."""

import base64

import pytest

from runtime.settings import SettingsError, carrier

SECRET, NEXT = (f"whsec_{base64.b64encode(name * 24).decode()}" for name in (b"a", b"b"))
WHOLE = {
    "KAWAL_CARRIER_URL": "https://carrier.example/v1/",
    "KAWAL_CARRIER_KEY": "key-of-ours",
    "KAWAL_CARRIER_WEBHOOK_SECRETS": f"{SECRET} {NEXT}",
}


def test_without_any_of_it_there_is_no_carrier() -> None:
    assert carrier({}) is None
    assert carrier({"KAWAL_CARRIER_URL": " "}) is None


def test_a_carrier_is_read_with_both_secrets_while_one_is_exchanged() -> None:
    found = carrier(WHOLE)
    assert found is not None
    assert (found.url, found.key, found.calls_per_second) == ("https://carrier.example", "key-of-ours", 20)
    assert found.webhook_secrets == (SECRET, NEXT)


def test_how_many_calls_it_takes_can_be_set() -> None:
    found = carrier(WHOLE | {"KAWAL_CARRIER_RATE": "2.5"})
    assert found is not None
    assert found.calls_per_second == 2.5


def test_key_and_secrets_are_shown_to_nobody() -> None:
    shown = repr(carrier(WHOLE))
    assert not [secret for secret in ("key-of-ours", SECRET, NEXT) if secret in shown]


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"set {name}, too"):
        carrier({other: value for other, value in WHOLE.items() if other != name})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("KAWAL_CARRIER_URL", "carrier.example", "KAWAL_CARRIER_URL cannot be read"),
        ("KAWAL_CARRIER_URL", "https://", "KAWAL_CARRIER_URL cannot be read"),
        ("KAWAL_CARRIER_URL", "https://carrier.example:port", "KAWAL_CARRIER_URL cannot be read"),
        ("KAWAL_CARRIER_URL", "http://carrier.example", "never go over a network in clear"),
        ("KAWAL_CARRIER_WEBHOOK_SECRETS", f"{SECRET} hunter2", "number 2 is no secret"),
        ("KAWAL_CARRIER_WEBHOOK_SECRETS", "whsec_c2hvcnQ=", "number 1 is no secret"),
        ("KAWAL_CARRIER_WEBHOOK_SECRETS", SECRET.removeprefix("whsec_"), "number 1 is no secret"),
        ("KAWAL_CARRIER_RATE", "many", "KAWAL_CARRIER_RATE"),
        ("KAWAL_CARRIER_RATE", "0", "KAWAL_CARRIER_RATE"),
        ("KAWAL_CARRIER_RATE", "nan", "KAWAL_CARRIER_RATE"),
    ],
)
def test_what_cannot_be_read_is_refused_without_being_shown(name: str, value: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as error:
        carrier(WHOLE | {name: value})
    assert not [secret for secret in (SECRET, "hunter2", "c2hvcnQ") if secret in str(error.value)]


def test_a_carrier_on_this_machine_needs_no_encryption() -> None:
    found = carrier(WHOLE | {"KAWAL_CARRIER_URL": "http://127.0.0.1:8099"})
    assert found is not None
    assert found.url == "http://127.0.0.1:8099"
