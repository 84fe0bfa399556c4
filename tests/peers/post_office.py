"""A mail server on this machine that speaks SMTP, and is up, down, full, or never answers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.mail import Smtp
from local.ports import LOOPBACK, free_port


class PostOffice:
    """Takes mail for everybody whose mailbox is not full, while it is open."""

    def __init__(self) -> None:
        self.port = free_port()
        self.full: set[str] = set()
        self.came: list[tuple[str, EmailMessage]] = []

    @property
    def smtp(self) -> Smtp:
        """The destination that delivers here."""
        return Smtp(LOOPBACK, self.port, "kawal@example.go.id")

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Take mail for as long as this lasts."""
        controller: Any = Controller(self, hostname=LOOPBACK, port=self.port)
        controller.start()
        try:
            yield
        finally:
            controller.stop()

    @asynccontextmanager
    async def silent(self) -> AsyncIterator[None]:
        """Take calls and never say a word for as long as this lasts."""
        calls: list[asyncio.StreamWriter] = []

        async def never_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            calls.append(writer)

        server = await asyncio.start_server(never_answer, LOOPBACK, self.port)
        try:
            yield
        finally:
            server.close()
            for call in calls:
                call.close()

    async def handle_RCPT(  # noqa: N802 - the server calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Say whether mail for an address is taken."""
        if address in self.full:
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.came += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"

    def subjects(self, address: str) -> list[str]:
        """Return the subjects of what came for an address, in order."""
        return [str(message["Subject"]) for to, message in self.came if to == address]
