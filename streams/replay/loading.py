"""Reads scenario files and refuses bad ones with file, line, cause and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.contracts.times import parse_time_ms
from streams.replay.scenario import Errors, Feed, Point, Scenario, ScenarioService, TimeMs
from streams.replay.yaml_lines import YamlTextError, line_of, load_with_lines
from streams.shipped import seed

SLOT_MS = 600_000  # history comes in slots of ten minutes and must end exactly where the scenario starts


class ScenarioError(ValueError):
    """One line: file, line, what is wrong, what to do."""


class _PlacedError(ValueError):
    def __init__(self, path: str, cause: str) -> None:
        super().__init__(cause)
        self.path = path


def load_scenario(name_or_path: str | Path) -> Scenario:
    """A shipped scenario by its id, or one of your own by its path.

    Raises ScenarioError when there is none, or when it is no valid scenario.
    """
    name = str(name_or_path)
    if name in shipped_scenarios():
        file = f"{name}.yaml"
        return parse_scenario(seed("scenarios", file).read_text(encoding="utf-8"), f"seeds/scenarios/{file}")
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        known = ", ".join(shipped_scenarios()) or "none"
        raise ScenarioError(f"no scenario `{name}`; shipped are {known}; or give the path of a .yaml file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read ({error}); give a readable UTF-8 file") from error
    return parse_scenario(text, name)


def shipped_scenarios() -> list[str]:
    """Ids of the scenarios that come with the program, in order."""
    names = (entry.name for entry in seed("scenarios").iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def parse_scenario(text: str, file: str) -> Scenario:
    """The scenario that `text` holds; `file` is only named in errors. Raises ScenarioError."""
    try:
        plain, lines = load_with_lines(text)
    except YamlTextError as fault:
        raise ScenarioError(f"{file}:{fault.line}: {fault.cause}; correct the YAML there") from fault
    try:
        scenario = msgspec.convert(plain, Scenario, dec_hook=_time)
        _check(scenario)
    except _PlacedError as fault:
        raise ScenarioError(f"{file}:{line_of(fault.path, lines)}: {fault}") from fault
    except msgspec.ValidationError as error:
        cause, _, path = str(error).partition(" - at `")
        where = path.rstrip("`") or "$"
        remedy = "see seeds/scenarios/ for the form"
        raise ScenarioError(f"{file}:{line_of(where, lines)}: {cause} at {where}; {remedy}") from error
    return scenario


def _time(kind: type, value: Any) -> Any:
    if kind is not TimeMs:
        raise NotImplementedError
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"not a time: {value!r}")
    return TimeMs(parse_time_ms(value))


def _check(scenario: Scenario) -> None:
    if scenario.end_ms <= scenario.start_ms:
        raise _PlacedError("$.end", "`end` is not after `start`; give a later time")
    for name, value in (("start", scenario.start_ms), ("end", scenario.end_ms)):
        if value % SLOT_MS:
            raise _PlacedError(f"$.{name}", f"`{name}` is not on a full ten minutes; round it")
    seen: set[str] = set()
    for i, service in enumerate(scenario.services):
        path = f"$.services[{i}]"
        if service.id in seen:
            raise _PlacedError(f"{path}.id", f"service `{service.id}` stands twice; merge the two")
        seen.add(service.id)
        _check_service(scenario, service, path)
    for i, said in enumerate(scenario.statements):
        if not scenario.start_ms <= said.time_ms < scenario.end_ms:
            raise _PlacedError(f"$.statements[{i}].time", "the statement lies outside start..end; move it")
    _check_expectation(scenario, seen)


def _check_service(scenario: Scenario, service: ScenarioService, path: str) -> None:
    try:
        ZoneInfo(service.zone)
    except (ValueError, OSError, KeyError) as error:  # an unknown zone is a KeyError, an odd name one of the others
        raise _PlacedError(f"{path}.zone", f"no time zone `{service.zone}`; take one like Europe/London") from error
    times = [at.time_ms for at in service.regions]
    for j, at in enumerate(service.regions):
        if (at.time_ms is None) != (j == 0):
            raise _PlacedError(
                f"{path}.regions[{j}]", "the first shares are the usual ones and have no time; give all others one"
            )
        if j > 1 and (times[j] or 0) <= (times[j - 1] or 0):
            raise _PlacedError(f"{path}.regions[{j}].time", "shares are not in order of time; sort them")
        if sum(at.shares.values()) <= 0:
            raise _PlacedError(f"{path}.regions[{j}].shares", "shares sum to zero; make one positive")
    if service.reports is None and service.errors is None:
        raise _PlacedError(path, f"service `{service.id}` has neither reports nor errors; give it one")
    feeds: tuple[tuple[str, Feed | None], ...] = (("reports", service.reports), ("errors", service.errors))
    for name, feed in feeds:
        if feed is not None:
            _check_curve(scenario, feed.curve, f"{path}.{name}.curve")
            _check_shares(feed, f"{path}.{name}")


def _check_curve(scenario: Scenario, curve: list[Point], path: str) -> None:
    for i, point in enumerate(curve):
        given = (point.per_quarter, point.per_minute, point.times_usual)
        if sum(value is not None for value in given) != 1:
            raise _PlacedError(f"{path}[{i}]", "a point needs exactly one of per_quarter, per_minute and times_usual")
        if not scenario.start_ms <= point.time_ms <= scenario.end_ms:
            raise _PlacedError(f"{path}[{i}].time", "the point lies outside start..end; move it or the scenario's end")
        if i and point.time_ms <= curve[i - 1].time_ms:
            raise _PlacedError(f"{path}[{i}].time", "points are not in order of time; sort them")
    if len(curve) == 1:
        raise _PlacedError(path, "a curve of one point has no length; give a first and a last point")


def _check_shares(feed: Feed, path: str) -> None:
    if isinstance(feed, Errors):
        if sum(kind.share for kind in feed.kinds) <= 0:
            raise _PlacedError(f"{path}.kinds", "shares sum to zero; make one positive")
        served = [region for collector in feed.collectors for region in collector.regions]
        if len(served) != len(set(served)):
            raise _PlacedError(f"{path}.collectors", "a region is served by two collectors; leave it to one")
        if sum(not collector.regions for collector in feed.collectors) != 1:
            raise _PlacedError(f"{path}.collectors", "exactly one collector has no `regions` and serves the rest")
        return
    if sum(text.share for text in feed.texts) > 1:
        raise _PlacedError(f"{path}.texts", "shares of texts sum to more than one; lower them")
    if feed.symptoms and sum(feed.symptoms.values()) <= 0:
        raise _PlacedError(f"{path}.symptoms", "shares sum to zero; make one positive")


def _check_expectation(scenario: Scenario, known: set[str]) -> None:
    for i, window in enumerate(scenario.expect.windows):
        if window.service not in known:
            raise _PlacedError(f"$.expect.windows[{i}].service", f"`{window.service}` is no service of this scenario")
    for i, service in enumerate(scenario.expect.none_for):
        if service not in known:
            raise _PlacedError(
                f"$.expect.none_for[{i}]", f"`{service}` is no service of this scenario; remove or add it"
            )
