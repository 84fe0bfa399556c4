"""Ports of this machine: free ones, and plain words about those that are taken."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack

import psutil

from local.trouble import ServerTrouble

LOOPBACK = "127.0.0.1"


class PortsBusy(ServerTrouble):
    """Wanted ports are taken; the message says by whom, and which options choose others."""


def free_ports(count: int) -> list[int]:
    """Find so many different ports that nobody holds. They are not reserved: use them soon."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def free_port() -> int:
    """Find a port that nobody holds."""
    return free_ports(1)[0]


def busy(port: int) -> bool:
    """Whether a server could not listen on this port now."""
    with socket.socket() as probe:
        # As servers do it: the last connections of one that has just ended do not make its port busy.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    # Some systems let us bind beside a server that listens on every address; only one of the two gets the calls.
    with socket.socket() as caller:
        return caller.connect_ex((LOOPBACK, port)) == 0


def require_free(wanted: Mapping[str, int]) -> None:
    """Make sure that every wanted port is free, and wanted once.

    Args:
        wanted: the ports, by the command-line option that chooses each: `{"--temporal-port": 7233}`.

    Raises:
        PortsBusy: one or more are not.
    """
    taken: dict[str, str] = {}
    first: dict[int, str] = {}
    for option, port in wanted.items():
        if first.setdefault(port, option) != option:
            taken[option] = f"wanted for {_title(first[port])} too"
        elif busy(port):
            taken[option] = f"held by {_holder(port)}"
    if taken:
        found = ", ".join(f"{_title(option)} {wanted[option]} ({why})" for option, why in taken.items())
        ports = zip(taken, free_ports(len(taken)), strict=True)
        raise PortsBusy(
            f"These ports are taken: {found}. Stop what holds them, or choose others: "
            + " ".join(f"{option} {port}" for option, port in ports)
        )


def _title(option: str) -> str:
    words = option.strip("-").removesuffix("-port").split("-")
    return " ".join(word.upper() if len(word) <= 3 else word.capitalize() for word in words)


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and listens.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()}, pid {connection.pid}"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass  # some systems tell only root, and the holder may have ended since
    return "a program that we cannot see"
