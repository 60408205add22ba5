"""Free ports on loopback that stay free."""

from __future__ import annotations

import random
import socket

# Below the ports from which systems take the local end of outgoing connections (Linux: 32768 to 60999 by default, IANA:
# 49152 up). A broker that is down for a moment would lose a port of that range to any client, and a client that keeps
# connecting to it may even reach itself. Above the well-known ones.
LOWEST = 20_000
HIGHEST = 32_000


def free_ports(count: int) -> tuple[int, ...]:
    """So many different ports on which nobody listens at the moment. Raises OSError when there are none."""
    candidates = random.SystemRandom().sample(range(LOWEST, HIGHEST), 200)
    free: list[int] = []
    for port in candidates:
        if len(free) == count:
            break
        if _is_free(port):
            free.append(port)
    if len(free) < count:
        raise OSError(f"no {count} free ports between {LOWEST} and {HIGHEST} on 127.0.0.1")
    return tuple(free)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free to a server
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
