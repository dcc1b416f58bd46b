"""Where a server listens: whether the address and port can be used, and by which names it is reached."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import time
import urllib.request
from collections.abc import Callable

from strnn_viz.errors import RunError, UsageError

LOOPBACK = "127.0.0.1"
_WEB = 80  # the port a browser leaves out


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach what listens on an address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def usable_port(port: int, address: str = LOOPBACK) -> int:
    """The port to listen on: `port`, or any free one for 0.

    Raises
    ------
    UsageError
        If this machine has no such address.
    RunError
        If the port is taken or may not be used.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]  # fmt: skip
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(place)
            probe.listen()
            return int(probe.getsockname()[1])
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"no address is known for {address!r}. {_OWN}") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"{address} is not an address of this machine. {_OWN}") from None
        why = {
            errno.EADDRINUSE: "another program listens there; perhaps the explorer is open already",
            errno.EACCES: "ports below 1024 need administrator rights",
        }.get(error.errno or 0, error.strerror or str(error))
        raise RunError(
            f"cannot listen on port {port} of {address}: {why}. Give another with --port, or --port 0 for any free one."
        ) from None


def wait_until_up(url: str, alive: Callable[[], bool] = lambda: True, seconds: float = 60.0) -> None:
    """Wait until a server that was started answers.

    Parameters
    ----------
    url : str
        Where it is, with a slash at its end.
    alive : callable
        Whether it is worth waiting.
    seconds : float

    Raises
    ------
    RunError
        If it does not.
    """
    limit = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}liveness", timeout=5) as answer:
            if answer.status == 200:
                return
        if not alive() or time.monotonic() > limit:
            raise RunError(f"the explorer did not answer at {url}.")
        time.sleep(0.05)


_OWN = (
    "Give one of this machine's own with --address: 127.0.0.1 for this machine alone, or 0.0.0.0 for all networks it "
    "is in."
)


def hosts(address: str, port: int) -> list[str]:
    """The hosts, as a browser writes them, by which a server on an address is reached; the best known first.

    Parameters
    ----------
    address : str
        What it listens on: an address, a name, or ``0.0.0.0`` or ``::`` for every address of this machine.
    port : int

    Returns
    -------
    list of str
        For example ``["localhost:5006", "127.0.0.1:5006"]``.
    """
    if is_loopback(address):
        names = ["localhost", LOOPBACK, address]
    elif address in ("0.0.0.0", "::"):
        names = [*_own_addresses(), socket.gethostname(), "localhost", LOOPBACK, *(["::1"] if address == "::" else [])]
    else:
        names = [address, socket.gethostname()]
    bare = [f"[{name}]" if ":" in name else name.lower() for name in dict.fromkeys(names)]
    ported = [f"{name}:{port}" for name in dict.fromkeys(bare)]
    return [*ported, *(bare if port == _WEB else [])]


def _own_addresses() -> list[str]:
    """Addresses of this machine in its networks, that of its way to the outside first."""
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address kept for documents; connecting a datagram socket sends nothing
        found.append(str(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(place[0]) for *_, place in socket.getaddrinfo(socket.gethostname(), None)]
    return list(dict.fromkeys(found))
