"""Where webhooks may go: to addresses of the public network over TLS, and nowhere within our own."""

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

_UNICAST = IPv6Network("2000::/3")
_MOST_ADDRESSES = 3
"""Of one host, that are tried in turn."""


class ForbiddenDestinationError(ValueError):
    """A URL is none that webhooks may go to. The text says why, and does not repeat it."""


class UnknownHostError(ValueError):
    """No address is known for a host, now or at all."""


@dataclass(frozen=True)
class Destinations:
    """What webhooks may be sent to."""

    local: bool = False
    """Whether to http and to this machine and its network, too: to try things out."""

    async def check(self, url: str) -> None:
        """Let a URL pass that webhooks may go to, as far as can be known today.

        Raises:
            ForbiddenDestinationError: it is none.
            UnknownHostError: its host has no address.
        """
        await self.addresses(self.parsed(url))

    def parsed(self, url: str) -> httpx.URL:
        """Return a URL in the way in which it is understood when something is sent to it.

        Raises:
            ForbiddenDestinationError: webhooks may not go to it, whatever its host's addresses are.
        """
        try:
            read = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ForbiddenDestinationError("cannot be read: write https://host/path") from error
        if read.scheme != "https" and not (self.local and read.scheme == "http"):
            raise ForbiddenDestinationError("events never go over a network in clear: write https://")
        if not read.host or not 0 < (443 if read.port is None else read.port) < 65_536:
            raise ForbiddenDestinationError("names no host, or no port: write https://host/path")
        if read.userinfo or read.fragment:
            raise ForbiddenDestinationError("must have neither a name and password nor a fragment")
        return read

    async def addresses(self, url: httpx.URL) -> list[str]:
        """Return the addresses of a URL's host, all of which webhooks may go to.

        Raises:
            ForbiddenDestinationError: one is of our own network, or of none.
            UnknownHostError: it has none.
        """
        host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnknownHostError("no address is known for its host") from error
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        if not self.local and not all(map(is_public, addresses)):
            raise ForbiddenDestinationError("its host is within a private network, on this machine, or nowhere")
        return addresses[:_MOST_ADDRESSES]


def from_environment(environment: Mapping[str, str] = os.environ) -> Destinations:
    """Read KAWAL_WEBHOOKS_LOCAL: 1 allows http and local addresses, for trying things out on one machine."""
    return Destinations(local=environment.get("KAWAL_WEBHOOKS_LOCAL", "").strip() == "1")


def is_public(address: str) -> bool:
    """Return whether an address is one machine's in the public network.

    IPv6 addresses that stand for an IPv4 address (mapped, 6to4, Teredo, NAT64) are not: whereto they lead, the network
    decides.
    """
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast
    return _is_plain(found) and found.is_global


def _is_plain(address: IPv6Address) -> bool:
    return address in _UNICAST and address.sixtofour is None and address.teredo is None


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connects to the very addresses that were checked: no name is looked up again in between.

    A connection is for one request alone, so that none is ever used for another host at the same address.
    """

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises as `Destinations.addresses` does, and as httpx does."""
        problem: httpx.TransportError | None = None
        for address in await self._destinations.addresses(request.url):
            try:
                return await self._inner.handle_async_request(_at(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as one:
                problem = one
        raise problem or UnknownHostError("no address is known for its host")

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def _at(request: httpx.Request, address: str) -> httpx.Request:
    """Return a request to an address; its Host header, and the name that TLS asks for and checks, are the host's."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )
