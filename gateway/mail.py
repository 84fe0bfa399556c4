"""E-mail as a destination: one letter to one address, over SMTP."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
from pydantic import TypeAdapter, ValidationError

from gateway.notices import ChannelAwayError, Destination, RefusedByDestinationError
from gateway.words import Letter
from runtime.settings import SettingsError
from schemas.base import EmailAddress
from schemas.notices import EMAIL

_TIMEOUT = 20.0
"""Seconds, for each step of the conversation."""
_AWAY = (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPHeloError, aiosmtplib.SMTPAuthenticationError,
         aiosmtplib.SMTPSenderRefused)  # fmt: skip
"""What is true of every letter: no destination is to blame."""
_SERVICE_NOT_AVAILABLE = 421
_ADDRESS: TypeAdapter[str] = TypeAdapter(EmailAddress)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MEND = "write smtp://user:password@host:port, or smtps:// for TLS from the start"


@dataclass(frozen=True)
class Smtp:
    """Delivers through a mail server."""

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    """From the start. Else it is begun as soon as the server offers it."""
    channel: str = field(default=EMAIL, init=False)

    async def deliver(self, address: str, said: Letter, reference: str) -> None:
        """Hand a letter to the mail server, under a Message-ID that is made of the reference.

        Raises:
            RefusedByDestinationError: the server does not take it for this address.
            ChannelAwayError: the server is away, or lets us send nothing.
        """
        try:
            await aiosmtplib.send(
                self._message(address, said, reference),
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.tls,
                start_tls=self._start_tls,
                timeout=_TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = sorted({recipient.code for recipient in refused.recipients})
            raise _refused_or_away("recipient refused", codes[0] if codes else None) from None
        except (aiosmtplib.SMTPReadTimeoutError, aiosmtplib.SMTPServerDisconnected) as broken:
            raise RefusedByDestinationError(type(broken).__name__) from None
        except _AWAY as away:
            raise ChannelAwayError(_kind(away)) from None
        except aiosmtplib.SMTPResponseException as refused:
            raise _refused_or_away(_kind(refused), refused.code) from None
        except (OSError, aiosmtplib.SMTPException) as away:  # e.g. its certificate is not to be trusted
            raise ChannelAwayError(_kind(away)) from None

    @property
    def _start_tls(self) -> bool | None:
        """A password goes over a network encrypted, or not at all."""
        if self.tls:
            return False
        return True if self.password and self.host not in _LOOPBACK else None

    def _message(self, address: str, said: Letter, reference: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = address
        message["Subject"] = said.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{reference}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # no holiday replies, please
        message["Content-Language"] = "id, en"
        message.set_content(said.body)
        return message


def _kind(problem: Exception) -> str:
    """Name a problem without the server's words, which may repeat the address."""
    code = getattr(problem, "code", None)
    return f"{type(problem).__name__} {code}" if code else type(problem).__name__


def _refused_or_away(kind: str, code: int | None) -> Exception:
    said = kind if code is None or str(code) in kind else f"{kind}: {code}"
    return ChannelAwayError(said) if code == _SERVICE_NOT_AVAILABLE else RefusedByDestinationError(said)


def from_environment(environment: Mapping[str, str] = os.environ) -> list[Destination]:
    """Return the mail server of KAWAL_SMTP_URL and KAWAL_MAIL_FROM; none when neither is set.

    Raises:
        SettingsError: one is missing, or cannot be read; the message holds no password.
    """
    url, sender = environment.get("KAWAL_SMTP_URL"), environment.get("KAWAL_MAIL_FROM")
    if not url and not sender:
        return []
    if not url or not sender:
        missing = "KAWAL_MAIL_FROM" if url else "KAWAL_SMTP_URL"
        raise SettingsError(f"{missing} is not set: e-mail needs both KAWAL_SMTP_URL and KAWAL_MAIL_FROM")
    try:
        _ADDRESS.validate_python(sender)
    except ValidationError:
        raise SettingsError("KAWAL_MAIL_FROM is no e-mail address: write one, as in kawal@example.go.id") from None
    return [_from_url(url, sender)]


def _from_url(url: str, sender: str) -> Smtp:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"KAWAL_SMTP_URL cannot be read: {_MEND}") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise SettingsError(f"KAWAL_SMTP_URL names no mail server: {_MEND}")
    tls = parts.scheme == "smtps"
    return Smtp(
        parts.hostname, port or _usual_port(parts, tls=tls), sender, _plain(parts.username), _plain(parts.password), tls
    )


def _usual_port(parts: SplitResult, *, tls: bool) -> int:
    if tls:
        return 465
    return 587 if parts.username else 25


def _plain(quoted: str | None) -> str | None:
    return unquote(quoted) if quoted else None
