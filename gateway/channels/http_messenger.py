"""A provider of messages that is reached over HTTP, in the shape of docs/messenger-api.md."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

import httpx

from gateway.channels.messenger import MessengerDestination
from gateway.notices import ChannelAwayError, Destination, RefusedByDestinationError
from runtime.messenger_settings import MessengerSettings

TIMEOUT = 15.0
"""Seconds without a sign of life. What was taken when time ran out is sent again, and known by its reference."""

_TAKEN_BEFORE = 409
_THIS_MESSAGE = frozenset({400, 410, 413, 422, 500})
"""Says something against this message or number. All else that is no success is true of every message: our token is
wrong, the address is, or the moment."""
_LOST = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError, httpx.WriteTimeout)
"""The connection was there, and broke over this message."""


class HttpMessenger:
    """One provider, over connections that are kept open; an async context manager that closes them."""

    def __init__(self, url: str, token: str, *, timeout: float = TIMEOUT) -> None:
        """Say where messages are posted to, and with which token; nothing is sent yet."""
        self._url = url
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, number: str, text: str, reference: str) -> None:
        """Post a message. One that the provider knows by its reference is its own already.

        Raises:
            RefusedByDestinationError: the provider does not take it, or nobody knows whether it did.
            ChannelAwayError: the provider is away, or lets us send nothing.
        """
        body = {"to": number, "text": text, "reference": reference}
        try:
            answer = await self._client.post(self._url, json=body)
        except _LOST as lost:
            raise RefusedByDestinationError(type(lost).__name__) from None
        except httpx.HTTPError as away:  # its text may name anything
            raise ChannelAwayError(type(away).__name__) from None
        if answer.is_success or answer.status_code == _TAKEN_BEFORE:
            return
        if answer.status_code in _THIS_MESSAGE:
            raise RefusedByDestinationError(f"answers {answer.status_code}")
        raise ChannelAwayError(f"answers {answer.status_code}")


@asynccontextmanager
async def reaching(providers: Iterable[MessengerSettings]) -> AsyncIterator[list[Destination]]:
    """Yield a destination for each provider, for as long as this lasts."""
    async with AsyncExitStack() as stack:
        messengers = [
            MessengerDestination(one.channel, await stack.enter_async_context(HttpMessenger(one.url, one.token)))
            for one in providers
        ]
        yield [*messengers]
