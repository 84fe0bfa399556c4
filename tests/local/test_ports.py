import os
import re
import socket
from collections.abc import Iterator

import pytest

from local.ports import LOOPBACK, PortsBusy, busy, free_port, free_ports, require_free


@pytest.fixture
def held() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()

    assert not busy(port)
    with socket.create_server((LOOPBACK, port)):
        assert busy(port)


def test_many_free_ports_are_different_ones() -> None:
    assert len(set(free_ports(50))) == 50


def test_a_server_on_every_address_makes_the_port_busy_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert busy(server.getsockname()[1])


def test_the_port_of_a_server_that_has_just_ended_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)), server.accept()[0] as accepted:
            accepted.shutdown(socket.SHUT_RDWR)

    assert not busy(port)


def test_busy_ports_are_named_with_their_holder_and_options_for_others(held: int) -> None:
    with pytest.raises(PortsBusy) as refusal:
        require_free({"--postgres-port": free_port(), "--temporal-port": held})

    text = str(refusal.value)
    assert f"Temporal {held} (held by " in text
    assert f"pid {os.getpid()}" in text
    assert "--postgres-port" not in text
    offer = re.search(r"--temporal-port (\d+)$", text)
    assert offer is not None
    assert not busy(int(offer[1]))


def test_one_port_wanted_twice_is_refused() -> None:
    port = free_port()

    with pytest.raises(PortsBusy, match=rf"UI {port} \(wanted for Temporal too\).*--ui-port \d+$"):
        require_free({"--temporal-port": port, "--ui-port": port})


def test_free_ports_are_accepted() -> None:
    temporal, ui = free_ports(2)

    require_free({"--temporal-port": temporal, "--ui-port": ui})
