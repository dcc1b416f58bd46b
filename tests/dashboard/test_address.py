"""Where a server can listen, and what it is called there."""

from __future__ import annotations

import socket

import pytest

from strnn_viz.dashboard.address import hosts, is_loopback, usable_port
from strnn_viz.errors import RunError, UsageError
from tests.dashboard.conftest import any_port


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.3.2.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_what_only_this_machine_can_reach(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def test_any_free_port() -> None:
    assert 1024 <= usable_port(0) <= 65535
    port = any_port()
    assert usable_port(port) == port
    assert usable_port(port, "localhost") == port


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_is_named(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(RunError, match=f"port {port} of {address}: another program listens there.*--port 0"):
            usable_port(port, address)


@pytest.mark.parametrize("address", ["192.0.2.7", "no-such-host.invalid", "not an address", "."])
def test_an_address_of_another_machine_is_named(address: str) -> None:
    with pytest.raises(UsageError, match=r"address.*--address: 127\.0\.0\.1"):
        usable_port(0, address)


def test_what_a_server_is_called() -> None:
    assert hosts("127.0.0.1", 5006) == ["localhost:5006", "127.0.0.1:5006"]
    assert hosts("::1", 5006) == ["localhost:5006", "127.0.0.1:5006", "[::1]:5006"]
    assert hosts("localhost", 80) == ["localhost:80", "127.0.0.1:80", "localhost", "127.0.0.1"]
    own = socket.gethostname().lower()
    assert hosts("10.1.2.3", 5006) == ["10.1.2.3:5006", f"{own}:5006"]
    every = hosts("0.0.0.0", 5006)
    assert {"localhost:5006", "127.0.0.1:5006", f"{own}:5006"} <= set(every)
    assert not any("*" in host or host.startswith("0.0.0.0") for host in every)
