"""E-mail over a real mail server on this machine, that can be down, refuse, or be slow to be believed."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from structlog.testing import capture_logs

from gateway.mail import Smtp, from_environment
from gateway.notices import ChannelAwayError, Destination, Dispatcher, Done, RefusedByDestinationError, Retries
from gateway.words import Letter
from local.ports import LOOPBACK, free_port
from runtime.settings import SettingsError
from schemas.case import TransitionKind
from storage import case_records, contacts, notices
from storage.database import Pool
from tests.gateway.telling import HandClock, climb, commit, forget_everything, office
from tests.making import NOON

FROM = "kawal@lampungprov.go.id"
LETTER = Letter(subject="Laporan naik: é", body="Isi surat\n.\nselesai\n")


class Mailbox:
    """What a mail server does with what comes in."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.at_the_end = "250 OK"
        self.came: list[tuple[str, EmailMessage]] = []

    async def handle_RCPT(  # noqa: N802 - the server calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.at_the_end.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.came += [(address, message) for address in envelope.rcpt_tos]
        return self.at_the_end

    def to(self, address: str) -> list[EmailMessage]:
        """Return what came for an address."""
        return [message for to, message in self.came if to == address]


class Server:
    """A mail server that is up or down."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self.port = free_port()
        self._controller: Any = None

    @property
    def smtp(self) -> Smtp:
        return Smtp(LOOPBACK, self.port, FROM)

    def start(self) -> None:
        self._controller = Controller(self.mailbox, hostname=LOOPBACK, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
        self._controller = None


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.stop()


@pytest.fixture
def up(server: Server) -> Server:
    server.start()
    return server


@pytest.fixture
async def told(pool: Pool) -> Pool:
    """The database, without notices of other tests."""
    await forget_everything(pool)
    return pool


async def test_a_mail_server_that_is_down_holds_up_no_escalation_and_tells_once_when_it_is_back(
    told: Pool, server: Server
) -> None:
    clock = HandClock()
    await contacts.replace(told, office("head", "mail-1"), ["head@go.id"], NOON)
    dispatcher = Dispatcher(told, [server.smtp], clock=clock)
    await commit(told, climb("mail-1"))
    for _ in range(3):
        assert (await dispatcher.one_pass()).sent == 0
        clock.go_on(timedelta(minutes=5))

    kinds = [line["kind"] for line in await case_records.timeline(told, "mail-1")]
    assert kinds == [TransitionKind.BREACHED, TransitionKind.ESCALATED]
    standing = await case_records.case(told, "mail-1")
    assert standing is not None
    assert standing.owners == (office("head", "mail-1"),)
    [line] = [line for line in await notices.lines(told, case_id="mail-1") if line.state == "pending"]
    assert (line.attempts, line.last_error) == (0, "SMTPConnectError")

    server.start()
    assert (await dispatcher.one_pass()).sent == 1
    clock.go_on(timedelta(days=1))
    assert await dispatcher.one_pass() == Done()
    assert len(server.mailbox.to("head@go.id")) == 1


async def test_one_address_that_is_refused_leaves_the_other_told(told: Pool, up: Server) -> None:
    clock = HandClock()
    up.mailbox.answers["gone@go.id"] = "550 5.1.1 gone@go.id: no such user"
    await contacts.replace(told, office("head", "mail-2"), ["gone@go.id", "head@go.id"], NOON)
    await commit(told, climb("mail-2"))
    dispatcher = Dispatcher(told, [up.smtp], clock=clock, retries=Retries(tries=2))
    assert await dispatcher.one_pass() == Done(sent=1, failed=1, nobody=1)
    clock.go_on(timedelta(minutes=1))
    assert await dispatcher.one_pass() == Done(dead=1)
    [dead] = await notices.lines(told, dead=True)
    assert (dead.attempts, dead.last_error) == (2, "recipient refused: 550")
    assert len(up.mailbox.to("head@go.id")) == 1

    up.mailbox.answers.clear()
    await notices.resend(told, dead.notice, clock())
    assert await dispatcher.one_pass() == Done(sent=1)
    assert (len(up.mailbox.to("head@go.id")), len(up.mailbox.to("gone@go.id"))) == (1, 1)


async def test_a_letter_arrives_as_it_was_written(up: Server) -> None:
    for _ in range(2):
        await up.smtp.deliver("head@go.id", LETTER, "reference-1")
    first, second = up.mailbox.to("head@go.id")
    assert first["Message-ID"] == second["Message-ID"] == "<reference-1@lampungprov.go.id>"
    assert (first["From"], first["To"], first["Subject"]) == (FROM, "head@go.id", LETTER.subject)
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"].datetime.tzinfo is not None
    assert first.get_content().replace("\r\n", "\n") == LETTER.body


@pytest.mark.parametrize(
    ("answer", "at_the_end", "expected", "said"),
    [
        ("550 budi@go.id unknown", "", RefusedByDestinationError, "recipient refused: 550"),
        ("450 budi@go.id try later", "", RefusedByDestinationError, "recipient refused: 450"),
        ("421 shutting down", "", ChannelAwayError, "421"),
        ("250 OK", "554 budi@go.id is spam", RefusedByDestinationError, "SMTPDataError 554"),
    ],
)
async def test_a_problem_is_named_without_the_address_or_the_servers_words(
    up: Server, answer: str, at_the_end: str, expected: type[Exception], said: str
) -> None:
    if not answer.startswith("250"):
        up.mailbox.answers["budi@go.id"] = answer
    up.mailbox.at_the_end = at_the_end or "250 OK"
    with pytest.raises(expected) as problem:
        await up.smtp.deliver("budi@go.id", LETTER, "reference-2")
    assert said in str(problem.value)
    assert "budi" not in repr(problem.value)
    assert problem.value.__suppress_context__


async def test_a_mail_server_that_takes_no_password_of_ours_is_away_and_no_destination_is_to_blame(up: Server) -> None:
    smtp = Smtp(LOOPBACK, up.port, FROM, "kawal", "secret")
    with pytest.raises(ChannelAwayError) as away:
        await smtp.deliver("head@go.id", LETTER, "reference-3")
    assert "secret" not in repr((away.value, smtp))


async def test_nothing_of_a_delivery_that_fails_reaches_the_log(told: Pool, up: Server) -> None:
    up.mailbox.answers["budi@go.id"] = "550 budi@go.id unknown"
    await contacts.replace(told, office("head", "mail-3"), ["budi@go.id"], NOON)
    await commit(told, climb("mail-3"))
    with capture_logs() as logs:
        await Dispatcher(told, [up.smtp], clock=HandClock()).one_pass()
    assert len(logs) == 1
    assert "budi" not in str(logs)


# Settings


def test_a_mail_server_is_read_from_its_url() -> None:
    def read(url: str) -> Destination:
        [found] = from_environment({"KAWAL_SMTP_URL": url, "KAWAL_MAIL_FROM": FROM})
        return found

    assert read("smtp://mail.go.id") == Smtp("mail.go.id", 25, FROM)
    assert read("smtp://mail.go.id:2525") == Smtp("mail.go.id", 2525, FROM)
    assert read("smtps://mail.go.id") == Smtp("mail.go.id", 465, FROM, tls=True)
    assert read("smtp://kawal:p%40ss@mail.go.id") == Smtp("mail.go.id", 587, FROM, "kawal", "p@ss")


@pytest.mark.parametrize(
    ("smtp", "encrypted"),
    [
        (Smtp("mail.go.id", 25, FROM), None),  # as the server offers
        (Smtp("mail.go.id", 587, FROM, "kawal", "secret"), True),
        (Smtp("localhost", 587, FROM, "kawal", "secret"), None),
        (Smtp("mail.go.id", 465, FROM, "kawal", "secret", tls=True), False),  # it is from the start
    ],
)
def test_a_password_goes_over_a_network_encrypted_or_not_at_all(smtp: Smtp, encrypted: bool | None) -> None:  # noqa: FBT001
    assert smtp._start_tls is encrypted


@pytest.mark.parametrize(
    ("variables", "mend"),
    [
        ({"KAWAL_SMTP_URL": "smtp://mail.go.id"}, "KAWAL_MAIL_FROM is not set"),
        ({"KAWAL_MAIL_FROM": FROM}, "KAWAL_SMTP_URL is not set"),
        ({"KAWAL_SMTP_URL": "mail.go.id:25", "KAWAL_MAIL_FROM": FROM}, "names no mail server"),
        ({"KAWAL_SMTP_URL": "http://mail.go.id", "KAWAL_MAIL_FROM": FROM}, "names no mail server"),
        ({"KAWAL_SMTP_URL": "smtp://a:secret@mail:port", "KAWAL_MAIL_FROM": FROM}, "cannot be read"),
        ({"KAWAL_SMTP_URL": "smtp://mail.go.id", "KAWAL_MAIL_FROM": "secret"}, "KAWAL_MAIL_FROM is no e-mail address"),
    ],
)
def test_settings_that_are_wrong_are_named_with_the_mend(variables: dict[str, str], mend: str) -> None:
    with pytest.raises(SettingsError, match=mend) as wrong:
        from_environment(variables)
    assert "secret" not in str(wrong.value)


def test_without_settings_there_is_no_mail_server() -> None:
    assert from_environment({}) == []
