"""What a reader would act on: a revision is published when one of these changed since the last one, and only then."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from streams.contracts.events import Signal
from streams.contracts.windows import Severity
from streams.windows.totals import Row

PEAK_GROWTH = (
    1.25  # a peak a quarter higher changes how an outage is judged; less would be a revision a minute for nothing
)
DECLINED_TO = 0.5  # after a fall below half of the peak a new peak is news, however little higher


class NotedPeak(Struct, array_like=True):
    """The peak of a witness as last published. `departed`: from what was expected, in events."""

    bucket: int
    departed: float


class Noted(Struct):
    """What the last revision said."""

    severity: Severity
    started: int
    witnesses: list[tuple[str, str]]  # state and direction
    regions: list[str]
    statements: list[int]  # offsets
    official: tuple[int | None, int | None]
    cause: tuple[str, str | None]
    ruled_out: list[str]
    operator: tuple[str | None, str | None, str | None]
    peaks: dict[Signal, NotedPeak]
    overran: bool = False  # planned work


def changed(before: Noted, now: Noted, rows: Mapping[Signal, list[Row]]) -> bool:
    """Whether the window must be published again. A peak that is no news stands in `now` as it was noted before."""
    for signal, peak in now.peaks.items():
        known = before.peaks.get(signal)
        if known is not None and not _is_news(known, peak, rows[signal]):
            now.peaks[signal] = known
    return now != before


def _is_news(known: NotedPeak, peak: NotedPeak, rows: list[Row]) -> bool:
    if peak.departed >= PEAK_GROWTH * known.departed and peak.departed > known.departed:
        return True
    if peak.bucket <= known.bucket or peak.departed <= known.departed:
        return False
    between = [abs(row.excess) for row in rows if known.bucket < row.bucket < peak.bucket and not row.blind]
    return any(departed < DECLINED_TO * known.departed for departed in between)
