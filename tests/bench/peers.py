"""The peers' own Python environment: their libraries are needed for nothing but this comparison."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

from tests.bench.running import ROOT

ENVIRONMENT = ROOT / ".venv-bench"
LOCK = Path(__file__).with_name("requirements.lock")


class NoPeersError(RuntimeError):
    """The peers cannot be installed here: one line with the cause."""


def peers_python() -> str:
    """The Python that has the peers, installed from their lock first if need be. Raises NoPeersError."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "bench.stamp"
    wanted = f"{sys.version_info[:2]} {zlib.crc32(LOCK.read_bytes())} {ENVIRONMENT}"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    _do([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
    _do([str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
         "--require-hashes", "-r", str(LOCK)])  # fmt: skip
    stamp.write_text(wanted)
    return str(python)


def _do(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=dict(os.environ))
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["no word of it"]
        raise NoPeersError(f"the peers cannot be installed for Python {sys.version.split()[0]}: {said[0]}")


def peer_versions(python: str) -> dict[str, str]:
    """The versions that are measured."""
    code = "from importlib.metadata import version as v; print(v('quixstreams'), v('bytewax'))"
    quix, bytewax = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return {"Quix Streams": quix, "Bytewax": bytewax}
