"""One whole bucket, looked at service by service: what each signal says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from streams.contracts.events import OTHER, SIGNALS, Signal
from streams.contracts.series import BaselineState, Detail, FeedbackAt, Leaning, SeriesState, StatementAt
from streams.windows.alignment import WholeBucket
from streams.windows.ring import Ring
from streams.windows.totals import Row

READY_DAYS = 14  # days of a baseline that the report does not call cold or warming: the detector's whole history


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one signal says of one service in one bucket.

    `row`: its column, None where it has none. `absent`: the service never sent this signal. `seen`: neither absent nor
    blind.
    """

    row: Row | None
    absent: bool
    seen: bool
    states: tuple[SeriesState, ...]
    lean: Leaning | None
    baseline: BaselineState
    baseline_days: int


@dataclass(slots=True)
class _Told:
    """What the reports of one signal name, by service."""

    states: dict[str, list[SeriesState]] = field(default_factory=dict)
    leaning: dict[str, Leaning] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    baseline: dict[str, BaselineState] = field(default_factory=dict)
    baseline_days: dict[str, int] = field(default_factory=dict)


class BucketView:
    """A whole bucket with its sightings. `ring` must already hold it."""

    def __init__(self, whole: WholeBucket, ring: Ring) -> None:
        self.bucket = whole.bucket
        self._whole, self._ring = whole, ring
        self._told = {signal: _told(whole, signal) for signal in SIGNALS}

    def named(self) -> set[str]:
        """Services with an open or closing series, or a lean. Never `other`, which is no service."""
        services: set[str] = set()
        for told in self._told.values():
            services |= told.states.keys() | told.leaning.keys()
        return services - {OTHER}

    def sighting(self, service: str, signal: Signal) -> Sighting:
        """What that signal says of that service."""
        told = self._told[signal]
        row = self._ring.row(self.bucket, signal, service)
        absent = service in told.absent or (row is None and self._ring.lists_all(self.bucket, signal))
        return Sighting(
            row=row,
            absent=absent,
            seen=row is not None and not absent and not row.blind,
            states=tuple(sorted(told.states.get(service, ()), key=lambda state: state.region or "")),
            lean=told.leaning.get(service),
            baseline=told.baseline.get(service, "ready"),
            baseline_days=told.baseline_days.get(service, READY_DAYS),
        )

    def details(self) -> Iterator[tuple[Signal, Detail]]:
        """Every detail in the bucket's reports, by signal and partition."""
        for signal in SIGNALS:
            for report in self._whole.reports[signal]:
                yield from ((signal, detail) for detail in report.details)

    def statements(self) -> list[StatementAt]:
        """Statements in the order in which they take effect; both signals repeat them, here each stands once."""
        found = (at for signal in SIGNALS for report in self._whole.reports[signal] for at in report.statements)
        return sorted(_once(found), key=lambda at: (at.effective, at.offset))

    def feedback(self) -> list[FeedbackAt]:
        """Feedback in the order in which it takes effect, each once."""
        found = (at for signal in SIGNALS for report in self._whole.reports[signal] for at in report.feedback)
        return sorted(_once(found), key=lambda at: (at.effective, at.offset))


At = TypeVar("At", StatementAt, FeedbackAt)


def _once(found: Iterable[At]) -> list[At]:
    by_offset: dict[int, At] = {}
    for at in found:
        by_offset.setdefault(at.offset, at)
    return list(by_offset.values())


def _told(whole: WholeBucket, signal: Signal) -> _Told:
    told = _Told()
    for report in whole.reports[signal]:
        for state in report.states:
            told.states.setdefault(state.service, []).append(state)
        told.leaning.update((lean.service, lean) for lean in report.leaning)
        told.absent.update(report.absent)
        told.baseline.update(report.baseline)
        told.baseline_days.update(report.baseline_days)
    return told
