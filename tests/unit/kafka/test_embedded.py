"""Finding Java, Maven and the jars, and choosing a broker, on machines that have or lack them."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.kafka import admin
from streams.kafka.admin import TopicError, ensure_topics, touch_topics
from streams.kafka.embedded import BrokerError, choose_broker, jars
from streams.kafka.embedded.ports import HIGHEST, LOWEST, free_ports
from streams.kafka.embedded.properties import server_properties

GOOD_JAR = b"a jar"


def program(folder: Path, name: str, script: str) -> None:
    """An executable shell script in `folder`."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty PATH, and a Kafka of one jar that is not there yet. Its programs go into `bin`."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(jars, "jars_folder", lambda: tmp_path / "lib")
    checksums = tmp_path / "jars.sha256"
    checksums.write_text(f"{hashlib.sha256(GOOD_JAR).hexdigest()}  kafka.jar\n")
    monkeypatch.setattr(jars, "CHECKSUMS", checksums)
    return tmp_path


def maven_that_brings(machine: Path, content: str) -> None:
    """An mvn that writes `content` as kafka.jar into the folder it is given last, after noting its arguments."""
    # No command but the shell's own: the PATH holds nothing else.
    script = f"""echo "$@" > '{machine}/asked'
for last in "$@"; do :; done
printf '{content}' > "${{last#-DoutputDirectory=}}/kafka.jar\""""
    program(machine / "bin", "mvn", script)


@pytest.mark.parametrize(("said", "fine"), [("17.0.15", True), ("21", True), ("11.0.2", False), ("1.8.0_402", False)])
def test_java_17_or_newer_will_do(machine: Path, said: str, fine: bool) -> None:
    program(machine / "bin", "java", f"echo 'openjdk version \"{said}\" 2025-04-15' >&2")
    if fine:
        assert jars.java() == str(machine / "bin" / "java")
    else:
        with pytest.raises(BrokerError, match=r"is Java (11|8), Kafka needs 17: install a newer Java runtime"):
            jars.java()


def test_java_home_goes_before_the_path(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "bin", "java", "exit 1")
    (machine / "home").mkdir()
    program(machine / "home" / "bin", "java", "echo 'openjdk version \"17\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(machine / "home"))
    assert jars.java() == str(machine / "home" / "bin" / "java")


def test_without_java_or_maven_the_remedy_is_named(machine: Path) -> None:
    with pytest.raises(BrokerError, match="no java on this machine: install a Java runtime 17 or newer"):
        jars.java()
    with pytest.raises(BrokerError, match="no mvn on this machine to fetch Kafka with: install Maven"):
        jars.fetch_jars()


def test_jars_are_fetched_once(machine: Path) -> None:
    maven_that_brings(machine, "a jar")
    assert jars.fetch_jars() == machine / "lib"
    assert (machine / "lib" / "kafka.jar").read_bytes() == GOOD_JAR
    assert f"-f {jars.POM} dependency:copy-dependencies" in (machine / "asked").read_text()
    (machine / "asked").unlink()
    jars.fetch_jars()
    assert not (machine / "asked").exists()


def test_a_jar_that_is_not_as_expected_is_refused_and_not_kept(machine: Path) -> None:
    maven_that_brings(machine, "another jar")
    with pytest.raises(BrokerError, match=r"Maven brought kafka\.jar missing or not as expected"):
        jars.fetch_jars()
    assert not (machine / "lib").exists()
    assert not list(machine.glob(".fetching-*"))


def test_jars_of_another_version_do_not_stay(machine: Path) -> None:
    maven_that_brings(machine, "a jar")
    (machine / "lib").mkdir()
    (machine / "lib" / "kafka-older.jar").write_bytes(b"")
    jars.fetch_jars()
    assert [file.name for file in (machine / "lib").iterdir()] == ["kafka.jar"]


def test_what_maven_says_of_its_failure_is_passed_on(machine: Path) -> None:
    program(machine / "bin", "mvn", "echo '[ERROR] Could not find artifact'; echo '[ERROR] more'; exit 1")
    with pytest.raises(BrokerError, match=r"could not fetch Kafka \(Could not find artifact\): check the network"):
        jars.fetch_jars()


def test_an_installed_package_keeps_its_jars_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "HERE", tmp_path / "site-packages" / "streams" / "kafka" / "embedded")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert jars.jars_folder() == tmp_path / "cache" / "outage-streams" / f"kafka-{jars.kafka_version()}"


def test_a_checkout_keeps_its_jars_in_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "HERE", tmp_path / "streams" / "kafka" / "embedded")
    (tmp_path / "deploy" / "kafka").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    assert jars.jars_folder() == tmp_path / "deploy" / "kafka" / "lib"


def test_the_checksums_are_those_of_the_kafka_that_the_pom_names() -> None:
    version = jars.kafka_version()
    assert re.fullmatch(r"4\.\d+\.\d+", version)
    names = set(jars.checksums())
    assert {f"kafka_2.13-{version}.jar", f"kafka-clients-{version}.jar"} <= names
    assert not [name for name in names if name.startswith("kafka") and version not in name]
    assert any(name.startswith("log4j-slf4j") for name in names)


def test_the_pom_names_no_place_to_fetch_from() -> None:
    assert "<repositor" not in jars.POM.read_text().lower()
    assert "<pluginrepositor" not in jars.POM.read_text().lower()


def test_auto_takes_the_mock_cluster_where_there_is_no_java_and_says_why(machine: Path) -> None:
    said: list[str] = []
    with choose_broker("auto", machine / "data", said.append) as broker:
        assert broker.kind == "mock"
        assert broker.bootstrap.startswith("127.0.0.1:")
    assert said == [
        "Kafka: not a real one: no java on this machine: install a Java runtime 17 or newer",
        f"Kafka: {broker.note}",
    ]


def test_real_where_there_is_no_java_is_refused(machine: Path) -> None:
    with (
        pytest.raises(BrokerError, match="no mvn on this machine to fetch Kafka with"),
        choose_broker("real", machine / "data", lambda line: None),
    ):
        pass


@pytest.mark.parametrize("choice", ["docker", "", "localhost", "localhost:", ":9092", "a:1,b"])
def test_what_is_no_broker_is_refused(choice: str, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="say auto, real, mock or HOST:PORT"), choose_broker(choice, tmp_path):
        pass


def test_topics_where_nobody_answers_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "ANSWER_TIMEOUT_S", 0.3)
    (port,) = free_ports(1)
    with pytest.raises(TopicError, match=f"no Kafka answers at 127.0.0.1:{port}: start it, or set `brokers`"):
        ensure_topics(f"127.0.0.1:{port}", [])
    with pytest.raises(TopicError, match=f"no Kafka answers at 127.0.0.1:{port}"):
        touch_topics(f"127.0.0.1:{port}", ["t"])


def test_ports_are_free_different_and_not_those_of_outgoing_connections() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(LOWEST <= port < HIGHEST < 32_768 for port in ports)
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def read_properties(text: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_broker_is_on_loopback_only_and_creates_nothing_by_itself(tmp_path: Path) -> None:
    settings = read_properties(server_properties(20_001, 20_002, tmp_path / "with space"))
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002"
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:20001"
    assert settings["controller.quorum.bootstrap.servers"] == "127.0.0.1:20002"
    assert settings["auto.create.topics.enable"] == "false"
    assert settings["log.dirs"] == str(tmp_path / "with space")
