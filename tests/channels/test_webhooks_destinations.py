"""Webhooks go to the public network over TLS, and nowhere within our own, whatever names and redirects say."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.channels import destinations
from gateway.channels.destinations import (
    CheckedTransport,
    Destinations,
    ForbiddenDestinationError,
    UnknownHostError,
    is_public,
)
from gateway.channels.webhooks import Done, WebhookDispatcher
from local.ports import LOOPBACK
from schemas.case import CommitRequest, TransitionKind
from schemas.webhooks import Subscribing
from storage import case_records, webhook_subscriptions
from storage.database import Pool
from tests.channels.receiving import LOCAL, forget_everything, receiving, sent, subscribed
from tests.gateway.telling import case, happened

INSIDE = [
    *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1"),  # mapped, and as it once was
    *("2002:7f00:1::", "2001::1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),  # 6to4, Teredo, NAT64
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_within_a_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "103.10.61.1", "2606:4700::1111", "2001:4860:4860::8888"])
def test_addresses_of_the_public_network_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("https://localhost/hook", "https://127.0.0.1/hook", "https://[::1]/hook", "https://[::ffff:127.0.0.1]/hook"),
        *("https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0/"),
        *(
            "https://[fe80::1]/",
            "https://[fd00::1]:8443/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1",
        ),
    ],
)
async def test_urls_that_lead_inside_are_refused_however_they_are_written(url: str) -> None:
    with pytest.raises(ForbiddenDestinationError, match="within a private network"):
        await Destinations().check(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://8.8.8.8/hook", "write https://"),
        ("ftp://8.8.8.8/hook", "write https://"),
        ("https:///hook", "names no host"),
        ("https://user:word@8.8.8.8/", "neither a name and password"),
        ("https://8.8.8.8/#part", "nor a fragment"),
        ("https://8.8.8.8:0/", "names no host"),
        ("https://8.8.8.8:99999/", "no port"),
        ("https://0177.0.0.1/", "cannot be read"),
        ("https://[::1", "cannot be read"),
    ],
)
async def test_urls_that_are_no_destination_are_refused_without_being_repeated(url: str, problem: str) -> None:
    with pytest.raises(ForbiddenDestinationError, match=problem) as refused:
        await Destinations().check(url)
    assert url not in str(refused.value)


async def test_a_host_that_nobody_knows_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownHostError, match="no address is known"):
        await Destinations().check("https://nowhere.invalid/hook")


async def test_public_addresses_pass() -> None:
    await Destinations().check("https://8.8.8.8/hook?token=1")
    await Destinations().check("https://[2606:4700::1111]:8443/hook")


async def test_local_destinations_are_allowed_by_one_setting_alone() -> None:
    assert destinations.from_environment({"KAWAL_WEBHOOKS_LOCAL": "1"}) == LOCAL
    for environment in (
        {},
        {"KAWAL_WEBHOOKS_LOCAL": ""},
        {"KAWAL_WEBHOOKS_LOCAL": "0"},
        {"KAWAL_WEBHOOKS_LOCAL": "no"},
    ):
        assert destinations.from_environment(environment) == Destinations(local=False)
    await LOCAL.check("http://127.0.0.1:8080/hook")
    with pytest.raises(ForbiddenDestinationError):
        await LOCAL.check("ftp://127.0.0.1/hook")


class Names:
    """Names whose addresses change with each look."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def look_up(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def told_by(self, monkeypatch: pytest.MonkeyPatch) -> "Names":
        """Answer whoever asks for an address of a name, but not of an address."""
        loop = asyncio.get_running_loop()
        real = loop.getaddrinfo

        async def look_up(host: Any, port: Any, **others: Any) -> Any:
            if str(host).endswith(".example"):
                return await self.look_up(host, port, **others)
            return await real(host, port, **others)

        monkeypatch.setattr(loop, "getaddrinfo", look_up)
        return self


async def test_one_address_inside_among_others_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(["8.8.8.8", "10.0.0.1"]).told_by(monkeypatch)
    with pytest.raises(ForbiddenDestinationError):
        await Destinations().check("https://hook.example/")


async def test_a_name_that_comes_to_lead_inside_is_refused_when_something_is_sent(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await forget_everything(pool)
    Names(["8.8.8.8"], [LOOPBACK]).told_by(monkeypatch)
    allowed = Destinations()
    async with receiving() as receiver:
        url = f"https://hook.example:{receiver.port}/hook"
        await allowed.check(url)
        wanted = Subscribing(url=url, channel="app")
        await webhook_subscriptions.subscribe(pool, "wh-rebound", wanted, owner="tests", now=datetime.now(UTC))
        await committed(pool, "whd-rebound")
        assert await WebhookDispatcher(pool, allowed).one_pass() == Done(failed=1)
        assert receiver.calls == []
    [line] = await sent(pool, "wh-rebound")
    assert line.last_error == "its host is within a private network, on this machine, or nowhere"


async def test_what_was_subscribed_while_local_was_allowed_is_refused_once_it_is_not(pool: Pool) -> None:
    await forget_everything(pool)
    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "local", channel="app")
        await committed(pool, "whd-local")
        assert await WebhookDispatcher(pool, Destinations()).one_pass() == Done(failed=1)
        assert receiver.calls == []
    [line] = await sent(pool, subscription)
    assert line.last_error == "events never go over a network in clear: write https://"


async def test_a_connection_goes_to_the_address_that_was_checked_and_asks_for_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with receiving() as receiver:
        names = Names([LOOPBACK], ["8.8.8.8"]).told_by(monkeypatch)
        async with httpx.AsyncClient(transport=CheckedTransport(LOCAL), trust_env=False) as http:
            answer = await http.post(f"http://hook.example:{receiver.port}/hook", content=b"{}")
    assert answer.status_code == 204
    assert names.asked == ["hook.example"]  # once: nothing can change between the check and the call
    assert receiver.calls[0].headers["host"] == f"hook.example:{receiver.port}"


async def test_an_address_that_does_not_answer_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver:
        Names(["127.0.0.2", LOOPBACK]).told_by(monkeypatch)
        async with httpx.AsyncClient(transport=CheckedTransport(LOCAL), trust_env=False) as http:
            answer = await http.post(f"http://hook.example:{receiver.port}/hook", content=b"{}")
    assert answer.status_code == 204


@pytest.fixture
async def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a TLS server on this machine that proves to be hook.example, as whom we trust says."""
    (tmp_path / "server.pem").write_bytes(certificate("hook.example"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, LOOPBACK, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


def certificate(host: str) -> bytes:
    """Return a key, and a certificate of it for a host, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False).sign(key, SHA256())
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return written + signed.public_bytes(Encoding.PEM)


async def test_tls_proves_the_host_although_an_address_is_called(secure: int, monkeypatch: pytest.MonkeyPatch) -> None:
    Names([LOOPBACK]).told_by(monkeypatch)
    async with httpx.AsyncClient(transport=CheckedTransport(LOCAL), trust_env=False) as http:
        assert (await http.post(f"https://hook.example:{secure}/", content=b"{}")).status_code == 204
        with pytest.raises(httpx.ConnectError, match="certificate is not valid for"):
            await http.post(f"https://other.example:{secure}/", content=b"{}")


async def committed(pool: Pool, case_id: str) -> None:
    asked = happened(TransitionKind.ASKED, 1, datetime.now(UTC))
    await case_records.commit(pool, CommitRequest(case=case(case_id, channel="app", seq=1), transitions=(asked,)))
