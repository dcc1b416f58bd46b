"""Which port a server may listen on."""

from __future__ import annotations

import socket


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def free_port(preferred: int, address: str = "127.0.0.1") -> int:
    """`preferred` where it is free, else (or where it is 0) any other free port."""
    if preferred and is_free(preferred, address):
        return preferred
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
