"""History out of a Prometheus: a range query, asked page by page, its points as counts of the steps before them."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from streams.catalogue import Catalogue
from streams.contracts.events import Signal
from streams.contracts.times import rfc3339
from streams.warmup.past import Past
from streams.warmup.prometheus_http import PrometheusError, Series
from streams.warmup.slots import SLOT_MS, Counts

NAMES_SHOWN = 5
A_COUNTER = 60  # points that never fall in a row are no counts of events
# increase() gives differences of floats: what should be 0 may come out as -1e-13.
NEARLY_NOTHING = -1e-6
Advance = Callable[[int, int], None]


class Source(Protocol):
    """Whoever answers range queries."""

    def query_range(self, query: str, start_ms: int, end_ms: int, step_s: int) -> list[Series]:
        """Points from `start_ms` to `end_ms`, both included."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to ask for. Either `service` or `service_label` names whose counts they are.

    `end_ms`: the newest point, on a full ten minutes. `points`: at most so many of a series in one request.
    """

    query: str
    signal: Signal
    service: str | None
    service_label: str | None
    region_label: str | None
    end_ms: int
    days: float
    step_s: int
    points: int


@dataclass(slots=True)
class Taken:
    """What came of it: the history, names that the catalogue does not have, and what the query makes doubtful."""

    past: Past
    unknown: list[str]
    doubts: list[str]


def read_prometheus(
    source: Source, asked: Asked, catalogue: Catalogue, on_progress: Advance = lambda done, total: None
) -> Taken:
    """Asks for the whole time, by service and region. Raises PrometheusError, also where nothing comes.

    With a region label the whole service is asked for as the sum of the query: a region without errors is absent
    there, and no reason to know nothing of the rest. `on_progress(requests done, in all)`.
    """
    queries = [(asked.query, asked.region_label)]
    if asked.region_label is not None:
        by = f" by ({asked.service_label})" if asked.service_label is not None else ""
        queries.append((f"sum{by} ({asked.query})", None))
    taken = Taken(Past(catalogue), [], list(doubts(asked)))
    pages = list(_pages(asked))
    for number, (query, region_label) in enumerate(queries):
        points: dict[tuple[str, str | None], _Points] = {}
        for done, (start_ms, end_ms) in enumerate(pages):
            labels: dict[tuple[str, str | None], dict[str, str]] = {}
            for series in source.query_range(query, start_ms, end_ms, asked.step_s):
                key = _key(series.metric, asked, region_label, labels)
                points.setdefault(key, _Points()).take(series, asked.step_s)
            on_progress(number * len(pages) + done + 1, len(queries) * len(pages))
        _give(points, asked, catalogue, taken)
    return taken


class _Points:
    """Of one series, over all pages: begins of steps and what they counted."""

    def __init__(self) -> None:
        self.begins_ms = array("q")
        self.values = array("d")

    def take(self, series: Series, step_s: int) -> None:
        for at_s, text in series.values:
            value = float(text)
            if not math.isfinite(value):
                continue  # NaN: not known, as where there is no point
            if value < 0:
                if value < NEARLY_NOTHING:
                    moment = rfc3339(round(at_s * 1000))
                    raise PrometheusError(
                        f"the query gives {value:g} at {moment}, which is no count: ask for increase() of a counter"
                    )
                value = 0.0
            self.begins_ms.append(round((at_s - step_s) * 1000))
            self.values.append(value)

    def counts(self, step_s: int) -> Counts | None:
        """None where no point was a number."""
        if not self.begins_ms:
            return None
        return Counts(np.frombuffer(self.begins_ms, np.int64), np.frombuffer(self.values, np.float64), step_s)


def _key(
    metric: dict[str, str], asked: Asked, region_label: str | None, labels: dict[tuple[str, str | None], dict[str, str]]
) -> tuple[str, str | None]:
    """(service as it is called there, region); each only once in an answer."""
    service = asked.service if asked.service_label is None else metric.get(asked.service_label)
    region = None if region_label is None else metric.get(region_label, "")
    if service is None:
        there = ", ".join(sorted(metric)) or "none"
        raise PrometheusError(
            f"a series has no label {asked.service_label} (it has {there}): keep it, as in "
            f"`sum by ({asked.service_label}) (increase(errors_total[1m]))`"
        )
    key = (service, region)
    if key in labels:
        differ = sorted(n for n in {*metric, *labels[key]} if metric.get(n) != labels[key].get(n))
        kept = ", ".join(label for label in (asked.service_label, region_label) if label is not None)
        by = f" by ({kept})" if kept else ""
        raise PrometheusError(
            f"the query gives several series for {service} that differ in {', '.join(differ)}: sum them up, as in "
            f"`sum{by} ({asked.query})`"
        )
    labels[key] = metric
    return key


def _give(points: dict[tuple[str, str | None], _Points], asked: Asked, catalogue: Catalogue, taken: Taken) -> None:
    found = {key: counts for key, of in points.items() if (counts := of.counts(asked.step_s)) is not None}
    if not found:
        since = rfc3339(asked.end_ms - round(asked.days * 86_400_000))
        raise PrometheusError(
            f"the query gives nothing between {since} and {rfc3339(asked.end_ms)}: try it on Prometheus' own page; "
            "increase() needs two scrapes in its range, so where they are a minute apart ask for [5m] with --step 300"
        )
    if all(
        len(c.values) >= A_COUNTER and (np.diff(c.values) >= 0).all() and c.values[0] < c.values[-1]
        for c in found.values()
    ):
        taken.doubts.append("what the query gives never falls, as a counter does: use increase()")
    for (name, region), counts in found.items():
        service = catalogue.resolve(name)
        if service is not None:
            taken.past.add(service, asked.signal, region, counts)
        elif name not in taken.unknown:
            taken.unknown.append(name)
    if all(catalogue.resolve(name) is None for name, _ in found):
        names = ", ".join(map(repr, taken.unknown[:NAMES_SHOWN]))
        raise PrometheusError(
            f"nobody is called {names} in the catalogue: add it to your own (--catalogue FILE), or to a service's "
            "aliases there"
        )


def _pages(asked: Asked) -> Iterator[tuple[int, int]]:
    """(first point, last point) of each request, oldest first, in milliseconds."""
    step_ms = asked.step_s * 1000
    first_ms = asked.end_ms - round(asked.days * 86_400_000) // SLOT_MS * SLOT_MS + step_ms
    while first_ms <= asked.end_ms:
        last_ms = min(first_ms + (asked.points - 1) * step_ms, asked.end_ms)
        yield first_ms, last_ms
        first_ms = last_ms + step_ms


def doubts(asked: Asked) -> Iterator[str]:
    """What is probably not meant: a range that is not the step, or a rate where counts are wanted."""
    query = re.sub(r'"[^"]*"|\'[^\']*\'', "", asked.query)
    ranges = {seconds for text in _RANGE.findall(query) if (seconds := _seconds(text)) is not None}
    if re.search(r"\bi?rate\s*\(", query):
        yield "rate() and irate() give events a second, not events in each step: use increase()"
    elif ranges and asked.step_s not in ranges and "/" not in query:  # who divides has thought of it
        shown = min(ranges)
        yield (
            f"the query sums up {shown} s, but one step is {asked.step_s} s, so events count "
            f"{shown / asked.step_s:.3g} times: use --step {shown}, or [{asked.step_s}s] in the query"
        )


_RANGE = re.compile(r"\bincrease\s*\([^\[\]]*\[\s*([0-9a-z]+)\s*\]")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _seconds(text: str) -> int | None:
    parts = re.findall(r"(\d+)([smhdw])", text)
    return sum(int(n) * _UNITS[unit] for n, unit in parts) if "".join(map("".join, parts)) == text else None
