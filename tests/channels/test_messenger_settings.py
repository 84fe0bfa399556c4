"""Providers of messages are set by the environment, each whole or not at all, and their tokens are shown to nobody."""

import pytest

from runtime.messenger_settings import messengers
from runtime.settings import SettingsError

WHATSAPP = {"KAWAL_WHATSAPP_URL": "https://wa.example/messages", "KAWAL_WHATSAPP_TOKEN": "hunter2"}
SMS = {"KAWAL_SMS_URL": "http://127.0.0.1:8098/messages", "KAWAL_SMS_TOKEN": "hunter3"}


def test_without_any_of_it_nobody_is_reached_by_phone() -> None:
    assert messengers({}) == []
    assert messengers({"KAWAL_SMS_URL": " "}) == []


def test_each_channel_has_its_own_provider() -> None:
    found = messengers(WHATSAPP | SMS)

    assert [(one.channel, one.url, one.token) for one in found] == [
        ("whatsapp", "https://wa.example/messages", "hunter2"),
        ("sms", "http://127.0.0.1:8098/messages", "hunter3"),
    ]
    assert "hunter" not in repr(found)
    assert [one.channel for one in messengers(SMS)] == ["sms"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"KAWAL_WHATSAPP_TOKEN": ""}, "KAWAL_WHATSAPP_TOKEN is not set: whatsapp needs both"),
        ({"KAWAL_WHATSAPP_URL": ""}, "KAWAL_WHATSAPP_URL is not set: whatsapp needs both"),
        ({"KAWAL_WHATSAPP_URL": "wa.example"}, "KAWAL_WHATSAPP_URL cannot be read: write https://"),
        ({"KAWAL_WHATSAPP_URL": "https://wa.example:port"}, "KAWAL_WHATSAPP_URL cannot be read: write https://"),
        ({"KAWAL_WHATSAPP_URL": "http://wa.example"}, "never go over a network in clear"),
        ({"KAWAL_WHATSAPP_URL": "https://me:hunter2@wa.example"}, "holds a password"),
        ({"KAWAL_WHATSAPP_TOKEN": "hunter2 hunter3"}, "has signs that no token has"),
        ({"KAWAL_WHATSAPP_TOKEN": "hunter2\nX: y"}, "has signs that no token has"),
    ],
)
def test_what_is_missing_or_wrong_is_named_without_the_token(changes: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        messengers(WHATSAPP | changes)

    assert "hunter" not in str(refused.value)
