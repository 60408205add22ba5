"""The jars of a real broker: where they are, whether they are whole, and how Maven fetches them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from streams.kafka.embedded.broker import BrokerError

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
CHECKSUMS = HERE / "jars.sha256"

MIN_JAVA = 17  # Kafka 4 brokers need 17: https://kafka.apache.org/41/getting-started/compatibility/

# 43 MB. Long enough for a slow line, short enough that a line that hangs does not hold up a build for ever.
FETCH_TIMEOUT_S = 600.0


def kafka_version() -> str:
    """The version of Kafka that the pom names."""
    found = re.search(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([^<]+)</version>", POM.read_text("utf-8"))
    if found is None:
        raise BrokerError(f"no version of Kafka in {POM}: reinstall outage-streams")
    return found[1]


def jars_folder() -> Path:
    """`deploy/kafka/lib` in a checkout; for an installed wheel a folder of the user's cache, one for each version."""
    checkout = HERE.parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "deploy" / "kafka").is_dir():
        return checkout / "deploy" / "kafka" / "lib"
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "outage-streams" / f"kafka-{kafka_version()}"


def checksums() -> dict[str, str]:
    """sha256 by name of jar, as the project's author got them."""
    lines = (line.split() for line in CHECKSUMS.read_text("utf-8").splitlines() if line.strip())
    return {name.removeprefix("*"): digest for digest, name in lines}


def missing_jars(folder: Path) -> list[str]:
    """Names of the jars that are not in `folder`. Cheap: asked at every start."""
    return sorted(name for name in checksums() if not (folder / name).is_file())


def damaged_jars(folder: Path) -> list[str]:
    """Names of the jars in `folder` that are missing or differ from their checksum. Asked once, after fetching."""
    return sorted(
        name
        for name, digest in checksums().items()
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    )


def java() -> str:
    """The java command: JAVA_HOME's, else the PATH's. Raises BrokerError when there is none, or one older than 17."""
    home = os.environ.get("JAVA_HOME")
    of_home = Path(home) / "bin" / "java" if home else None
    command = str(of_home) if of_home is not None and of_home.is_file() else shutil.which("java")
    if command is None:
        raise BrokerError(f"no java on this machine: install a Java runtime {MIN_JAVA} or newer")
    said = subprocess.run([command, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    if found is None or int(found[1]) < MIN_JAVA:
        version = found[1] if found else "of unknown version"
        raise BrokerError(f"{command} is Java {version}, Kafka needs {MIN_JAVA}: install a newer Java runtime")
    return command


def fetch_jars() -> Path:
    """The folder with all jars; where some are missing, Maven gets them first (43 MB, some seconds).

    They arrive in a folder of their own and move into place when they are complete and their checksums right, so an
    interrupted or a second fetch beside this one harms nothing. Raises BrokerError.
    """
    folder = jars_folder()
    if not missing_jars(folder):
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError("no mvn on this machine to fetch Kafka with: install Maven")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent) as fetched:
        _run_maven(maven, Path(fetched))
        damaged = damaged_jars(Path(fetched))
        if damaged:
            raise BrokerError(f"Maven brought {damaged[0]} missing or not as expected: empty ~/.m2 and try again")
        _replace(folder, Path(fetched))
    return folder


def _run_maven(maven: str, target: Path) -> None:
    argv = [maven, "-q", "-B", "-Dstyle.color=never", "-f", str(POM)]
    argv += ["dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise BrokerError(f"Maven did not finish in {FETCH_TIMEOUT_S:.0f} s: check the network") from error
    if done.returncode != 0:
        said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        cause = said[0].removeprefix("[ERROR]").strip() if said else f"exit code {done.returncode}"
        raise BrokerError(f"Maven could not fetch Kafka ({cause}): check the network and Maven's settings.xml")


def _replace(folder: Path, fetched: Path) -> None:
    """Put the jars of `fetched` into `folder`, and nothing else: an older version's jars must not stay on the path."""
    folder.mkdir(exist_ok=True)
    wanted = checksums()
    for stale in folder.glob("*.jar"):
        if stale.name not in wanted:
            stale.unlink(missing_ok=True)
    for name in wanted:
        os.replace(fetched / name, folder / name)
