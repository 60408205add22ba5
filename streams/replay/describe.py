"""A scenario in a few lines for people: what is in it, from where, and what must come out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streams.contracts.times import DAY_MS, rfc3339
from streams.replay.curve import HOUR_MS
from streams.replay.scenario import ExpectedWindow, Scenario
from streams.replay.series import ScenarioSeries, all_series

# A curve that stays below twice the usual level is a bump that noise hides: its service counts as a bystander.
OUTAGE_FACTOR = 2.0


def describe(scenario: Scenario) -> str:
    """Title, span, services with usual level and peak, statements and expected windows; ends without a newline."""
    return "\n".join(_lines(scenario))


def _lines(scenario: Scenario) -> Iterator[str]:
    yield f"{scenario.id}: {scenario.title}"
    hours = (scenario.end_ms - scenario.start_ms) / HOUR_MS
    yield f"  {scenario.note}"
    span = f"{hours:g} hours" if hours < 2 * DAY_MS / HOUR_MS else f"{hours * HOUR_MS / DAY_MS:g} days"
    begin, end = _moment(scenario.start_ms), _moment(scenario.end_ms)
    yield f"  {begin} to {end} UTC ({span}), after {scenario.history_days} days of history"
    outages = [(series, line) for series in all_series(scenario) if (line := _peak(series))]
    for _, line in outages:
        yield f"  {line}"
    loud = {series.service.id for series, _ in outages}
    quiet = [service.id for service in scenario.services if service.id not in loud]
    if quiet:
        others = "services" if not loud else "others"
        yield f"  {len(quiet)} {others} at their usual level: {', '.join(quiet)}"
    for said in scenario.statements:
        yield f'  {_moment(said.time_ms)} {said.by} on {said.about}: {said.status}, "{said.text or ""}"'
    yield from map(_expected, scenario.expect.windows)
    if scenario.expect.others_at_most:
        yield f"  at most {scenario.expect.others_at_most} windows, none above {scenario.expect.others_at_worst}"


def _peak(series: ScenarioSeries) -> str | None:
    """The line of a series with an outage in its curve, else None."""
    if not series.feed.curve:
        return None
    levels = series.levels()
    usual = float(levels[0])
    at = int(np.argmax(levels))
    lowest = float(levels.min())
    name = f"{series.service.id} {series.signal}"
    if levels[at] >= OUTAGE_FACTOR * usual:
        return f"{name}: {usual:.3g} a minute usually, {levels[at]:,.0f} at {_hour(int(series.minutes_ms()[at]))}"
    if lowest * OUTAGE_FACTOR <= usual:
        low = int(np.argmin(levels))
        return f"{name}: {usual:.3g} a minute usually, down to {lowest:.3g} at {_hour(int(series.minutes_ms()[low]))}"
    return None


def _expected(window: ExpectedWindow) -> str:
    ended = f", ended {_hour(window.ended.from_ms)} to {_hour(window.ended.to_ms)}" if window.ended else ""
    opened = f"opened within {window.opened_within_s} s of {_hour(window.onset_ms)}"
    return f"  expected: a window of {window.service}, {opened}{ended}"


def _moment(time_ms: int) -> str:
    return rfc3339(time_ms)[:16].replace("T", " ")


def _hour(time_ms: int) -> str:
    return rfc3339(time_ms)[11:16]
