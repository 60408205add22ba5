"""`[[source]]` in the settings: read, checked, refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.ingest.sources import Condition, Source
from streams.settings import Settings, SettingsError, load_settings

GOOD = """
[[source]]
topic = "app-logs"
signal = "errors"
fields = { service = "labels.app", time = "ts" }
"""


def load(tmp_path: Path, toml: str) -> Settings:
    (tmp_path / "outages.toml").write_text(toml, encoding="utf-8")
    return load_settings({}, {"HOME": "/home/me"}, tmp_path)


def refusal(tmp_path: Path, toml: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml)
    return str(caught.value)


def test_a_source_needs_topic_signal_and_where_service_and_time_stand(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).source == (
        Source(topic="app-logs", signal="errors", fields={"service": "labels.app", "time": "ts"}),
    )


def test_a_source_may_set_constants_and_conditions(tmp_path: Path) -> None:
    toml = GOOD + (
        'format = "json"\ntime_unit = "ms"\nconstants = { source = "loki" }\n'
        'when = [{ field = "level", op = "in", value = ["error"] }, { field = "x", op = "exists" }]\n'
    )
    source = load(tmp_path, toml).source[0]
    assert source.time_unit == "ms"
    assert source.constants == {"source": "loki"}
    assert source.when == (Condition("level", "in", ["error"]), Condition("x", "exists"))


def test_a_source_is_found_by_its_topic(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    assert settings.source_of("app-logs") is settings.source[0]
    assert settings.source_of("outages.errors") is None


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (GOOD.replace("[[source]]", "[source]"), "outages.toml: source: not a list of tables; write [[source]], in"),
        (GOOD.replace("[[source]]", "[[sources]]"), "outages.toml: sources: no such setting; did you mean 'source'?"),
        (GOOD + "whenn = []", "outages.toml: source[0].whenn: a source has no such key; did you mean 'when'?"),
        (GOOD.replace("topic =", "# topic ="), "outages.toml: source[0]: Object missing required field 'topic'; see"),
        (GOOD.replace('"errors"', '"error"'), "outages.toml: source[0].signal: Invalid enum value 'error'; see"),
        (GOOD.replace("app-logs", "app logs"), "outages.toml: source[0].topic: 'app logs' is no topic's name; give"),
        (
            GOOD.replace("app-logs", "outages.errors"),
            "outages.toml: source: the topic 'outages.errors' begins with the",
        ),
        (GOOD + GOOD, "outages.toml: source[1].topic: 'app-logs' has a source already; keep one for a topic"),
        (GOOD.replace("time =", "at ="), "outages.toml: source[0].fields.at: errors have no such field; take one of"),
        (
            GOOD.replace("time =", "id ="),
            "outages.toml: source[0].fields.time: every event has its own time; say where",
        ),
        (GOOD.replace("service =", "id ="), "outages.toml: source[0].fields.service: say where the service stands, or"),
        (
            GOOD.replace("labels.app", "labels..app"),
            "outages.toml: source[0].fields.service: 'labels..app' is no path;",
        ),
        (
            GOOD.replace('time = "ts"', 'time = "ts", text = "a", message = "b"'),
            "outages.toml: source[0].fields.text: for errors the text is the message; keep one of the two",
        ),
        (GOOD + 'constants = {time = "now"}', "outages.toml: source[0].fields.time: every event has its own time; say"),
        (
            GOOD + 'constants = {symptom = "app"}',
            "outages.toml: source[0].constants.symptom: errors have no such field;",
        ),
        (
            GOOD + 'when = [{ field = "a", op = "is", value = 1 }]',
            "outages.toml: source[0].when[0].op: Invalid enum value",
        ),
        (
            GOOD + 'when = [{ feld = "a", op = "is" }]',
            "outages.toml: source[0].when[0].feld: a condition has no such key; did you mean 'field'?",
        ),
        (
            GOOD + 'when = [{ field = "a", op = "in", value = "x" }]',
            "outages.toml: source[0].when[0].value: in needs a list",
        ),
        (
            GOOD + 'when = [{ field = "a", op = "exists", value = 1 }]',
            "outages.toml: source[0].when[0].value: exists needs",
        ),
        (
            GOOD + 'when = [{ field = "a", op = "at_least", value = "5" }]',
            "outages.toml: source[0].when[0].value: at_least needs a number; got '5'",
        ),
        (
            GOOD + 'when = [{ field = "a", op = "equals" }]',
            "outages.toml: source[0].when[0].value: equals needs a text",
        ),
        (
            GOOD + "when = [{ field = 'a', op = 'matches', value = '(' }]",
            "outages.toml: source[0].when[0].value: no regular expression (missing ), unterminated",
        ),
        (
            GOOD + 'when = [{ field = "", op = "exists" }]',
            "outages.toml: source[0].when[0].field: '' is no path; write",
        ),
        (GOOD + 'when = "always"', "outages.toml: source[0].when: Expected 'array', got 'str'; see"),
    ],
)
def test_a_wrong_source_is_refused_with_its_place(tmp_path: Path, toml: str, message: str) -> None:
    assert refusal(tmp_path, toml).startswith(message)
