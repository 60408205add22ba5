"""How a process names itself on `health`."""

from __future__ import annotations

import os
import socket


def instance_name() -> str:
    """Host and process: two of a role on one machine differ, and a restart is somebody new."""
    return f"{socket.gethostname()}-{os.getpid()}"
