"""Where settings come from, what they take, and how a wrong one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.settings import Settings, SettingsError, load_settings

HOME = {"HOME": "/home/me"}


def load(
    tmp_path: Path, toml: str = "", environ: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> Settings:
    if toml:
        (tmp_path / "outages.toml").write_text(toml, encoding="utf-8")
    return load_settings(flags or {}, {**HOME, **(environ or {})}, tmp_path)


def refusal(
    tmp_path: Path, toml: str = "", environ: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml, environ, flags)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_with_nothing_given_the_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings(data_dir=Path("/home/me/.local/state/outage-streams"))


def test_a_flag_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    toml = 'brokers = "file:1"\nprefix = "file."\nflush_ms = 100\n'
    environ = {"OUTAGES_BROKERS": "environment:2", "OUTAGES_PREFIX": "environment."}
    settings = load(tmp_path, toml, environ, {"brokers": "flag:3"})
    assert (settings.brokers, settings.prefix, settings.flush_ms) == ("flag:3", "environment.", 100)


def test_a_flag_that_is_none_and_an_empty_variable_are_not_set(tmp_path: Path) -> None:
    settings = load(tmp_path, "flush_ms = 250\n", {"OUTAGES_FLUSH_MS": ""}, {"flush_ms": None, "config": None})
    assert settings.flush_ms == 250


def test_numbers_in_the_environment_are_numbers(tmp_path: Path) -> None:
    settings = load(tmp_path, environ={"OUTAGES_ALLOWED_DELAY_S": "2.5", "OUTAGES_METRICS_PORT": "0"})
    assert settings.allowed_delay_s == 2.5
    assert settings.allowed_delay_ms == 2500
    assert settings.metrics_port == 0


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_another_file_may_be_named(tmp_path: Path, how: str) -> None:
    (tmp_path / "other.toml").write_text("flush_ms = 300\n", encoding="utf-8")
    flags, environ = ({"config": "other.toml"}, {}) if how == "flag" else ({}, {"OUTAGES_CONFIG": "other.toml"})
    assert load(tmp_path, "flush_ms = 100\n", environ, flags).flush_ms == 300


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    assert refusal(tmp_path, flags={"config": "none.toml"}) == (
        "none.toml: No such file or directory; check the path given by --config or OUTAGES_CONFIG"
    )


def test_relative_paths_start_from_the_place_that_gives_them(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "mine.toml").write_text('catalogue = "own.yaml"\n', encoding="utf-8")
    settings = load(tmp_path, flags={"config": "etc/mine.toml", "data_dir": Path("state")})
    assert settings.catalogue == tmp_path / "etc" / "own.yaml"
    assert settings.data_dir == tmp_path / "state"


def test_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    assert load(tmp_path, 'catalogue = "~/own.yaml"\n').catalogue == Path("/home/me/own.yaml")


@pytest.mark.parametrize(
    ("state_home", "expected"),
    [("/var/state", "/var/state/outage-streams"), ("relative", "/home/me/.local/state/outage-streams")],
)
def test_files_lie_where_the_xdg_specification_says(tmp_path: Path, state_home: str, expected: str) -> None:
    assert load(tmp_path, environ={"XDG_STATE_HOME": state_home}).data_dir == Path(expected)


@pytest.mark.parametrize(
    ("given", "brokers"),
    [
        ('"a:1"', ("a:1",)),
        ('"a:1, b.example.org:2"', ("a:1", "b.example.org:2")),
        ('["a:1", "[::1]:9092"]', ("a:1", "[::1]:9092")),
    ],
)
def test_brokers_are_one_or_several(tmp_path: Path, given: str, brokers: tuple[str, ...]) -> None:
    assert load(tmp_path, f"brokers = {given}\n").broker_list == brokers


def test_a_topic_is_called_by_prefix_and_name(tmp_path: Path) -> None:
    assert load(tmp_path).topic("errors") == "outages.errors"
    assert load(tmp_path, 'prefix = "demo-1."\n').topic("windows") == "demo-1.windows"


def test_each_role_has_a_port_of_its_own_for_metrics() -> None:
    roles = ("tally", "detect", "correlate", "alert")
    assert [Settings().port_of(role) for role in roles] == [9464, 9465, 9466, 9467]
    assert [Settings(metrics_port=0).port_of(role) for role in roles] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("flush = 5", "outages.toml: flush: no such setting; did you mean 'flush_ms'?"),
        ("zzz = 5", "outages.toml: zzz: no such setting; take it out"),
        ("[kafka]\nbrokers = 1", "outages.toml: kafka: no such setting; take it out"),
        ("flush_ms = 5", "outages.toml: flush_ms: 5 is not taken; give a whole number from 20 to 10000"),
        ('flush_ms = "500"', "outages.toml: flush_ms: '500' is not taken; give a whole number from 20 to 10000"),
        ("flush_ms = true", "outages.toml: flush_ms: True is not taken; give a whole number from 20 to 10000"),
        ("allowed_delay_s = 0", "outages.toml: allowed_delay_s: 0 is not taken; give a number of seconds above 0"),
        ("allowed_delay_s = nan", "outages.toml: allowed_delay_s: nan is not taken; give a number of seconds above 0"),
        ("give_up_s = inf", "outages.toml: give_up_s: inf is not taken; give a number of seconds above 0"),
        ('clock = "wall"', "outages.toml: clock: 'wall' is not taken; give broker or record"),
        (
            'brokers = "kafka"',
            "outages.toml: brokers: 'kafka' is no broker; give HOST:PORT, several with commas between",
        ),
        ('brokers = "kafka:9092,"', "outages.toml: brokers: '' is no broker; give HOST:PORT"),
        ('brokers = "PLAINTEXT://a:1"', "outages.toml: brokers: 'PLAINTEXT://a:1' is no broker; give HOST:PORT"),
        ('brokers = "a:99999"', "outages.toml: brokers: 'a:99999' is no broker; give HOST:PORT"),
        ('prefix = "a b."', "outages.toml: prefix: 'a b.' cannot begin a topic's name; take letters"),
        ('prefix = "demo"', "outages.toml: prefix: 'demo' would run into the topic's name; end it in a dot: demo."),
        ('prefix = ""', "outages.toml: prefix: '' is not taken; give a text of 1 to 100 characters"),
        ("catalogue = 5", "outages.toml: catalogue: 5 is not taken; give a path"),
        (
            "errors_partitions = 0",
            "outages.toml: errors_partitions: 0 is not taken; give a whole number from 1 to 1000",
        ),
        ("canary_s = 90", "outages.toml: canary_s: canary_s is not below blind_after_s, so every partition would be"),
        ("flush_ms = 1\nflush_ms = 2", "outages.toml:2: not TOML: Cannot overwrite a value"),
        ("brokers = kafka:9092", "outages.toml:1: not TOML: "),
    ],
)
def test_a_wrong_value_in_the_file_is_refused_with_its_key(tmp_path: Path, toml: str, message: str) -> None:
    assert refusal(tmp_path, toml).startswith(message)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("OUTAGES_FLUSH_MS", "often", "OUTAGES_FLUSH_MS: 'often' is not taken; give a whole number from 20 to 10000"),
        ("OUTAGES_BROKER", "a:1", "OUTAGES_BROKER: no such setting; did you mean 'OUTAGES_BROKERS'?"),
        ("OUTAGES_CANARY_S", "nan", "OUTAGES_CANARY_S: 'nan' is not taken; give a number of seconds above 0"),
        ("OUTAGES_SOURCE", "x", "OUTAGES_SOURCE: sources are set in the file only; write [[source]] into outages.toml"),
        ("OUTAGES_METRICS_PORT", "tcp://10.0.0.1:80", "OUTAGES_METRICS_PORT: 'tcp://10.0.0.1:80' is not taken; give"),
    ],
)
def test_a_wrong_variable_is_refused_by_its_name(tmp_path: Path, variable: str, value: str, message: str) -> None:
    assert refusal(tmp_path, environ={variable: value}).startswith(message)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ({"flush_ms": 5}, "--flush-ms: 5 is not taken; give a whole number from 20 to 10000"),
        ({"flush_mss": 5}, "--flush-mss: no such setting; did you mean 'flush_ms'?"),
    ],
)
def test_a_wrong_flag_is_refused_by_its_name(tmp_path: Path, flag: dict[str, object], message: str) -> None:
    assert refusal(tmp_path, flags=flag) == message


@pytest.mark.parametrize(
    "variable",
    [
        "OUTAGES_SERVICE_HOST",
        "OUTAGES_PORT",
        "OUTAGES_WEB_SERVICE_PORT_HTTP",
        "OUTAGES_WEB_PORT_8080_TCP",
        "OUTAGES_WEB_PORT_8080_TCP_ADDR",
    ],
)
def test_what_kubernetes_puts_beside_a_service_of_our_name_is_no_setting(tmp_path: Path, variable: str) -> None:
    assert load(tmp_path, environ={variable: "tcp://10.0.0.1:80"}) == load(tmp_path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outages.toml").write_bytes(b'prefix = "\xff"\n')
    assert refusal(tmp_path) == "outages.toml: not UTF-8; save it as UTF-8"
