"""History into `tallies`, and what the detectors of a prefix will make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from streams.contracts.events import SIGNALS, Signal
from streams.contracts.series import BucketReport, SeriesRecord
from streams.contracts.tallies import History
from streams.contracts.times import BUCKET_MS, DAY_MS, bucket_of, parse_time_ms
from streams.detection.history import LAGS
from streams.detection.history_records import takes_history
from streams.detection.spread import YOUNG_DAYS as READY_DAYS
from streams.ingest.placement import partition_of
from streams.kafka.records import last_records
from streams.roles.replayer import Replayer
from streams.settings import Settings
from streams.warmup.past import Filled
from streams.windows.words import listed

# Reports of all partitions and signals come in turns, so that the last few hold each one's newest; while detect catches
# up they come in long runs, and more are looked at.
LOOK_BACK = (100, 2_000, 50_000)  # records

# What becomes of the history of a series: taken as detect begins, or at its next bucket; not taken, since the series
# knows enough by itself, or since detect runs on a catalogue without it.
Fate = Literal["begins", "catches up", "knows enough", "not there"]
_decode = msgspec.json.Decoder(SeriesRecord).decode
Series = tuple[str, Signal]


class WarmUpError(RuntimeError):
    """History that nobody would take: one line with the cause and what to do about it."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What detect has told so far. `days`: of each service and signal, 0 where nothing was lived yet.

    `begun`: the tallies partitions, of `partitions`, and signals that have reported. `now_ms`: the end of the newest
    bucket; None where detect has never begun on this prefix.
    """

    days: dict[Series, int]
    begun: frozenset[tuple[int, Signal]]
    partitions: int
    now_ms: int | None

    def fate(self, filled: Filled) -> Fate:
        """What becomes of the history of one series; of a region it is that of its service."""
        if (partition_of(filled.service, self.partitions), filled.signal) not in self.begun:
            return "begins"
        days = self.days.get((filled.service, filled.signal))
        if days is None:
            return "not there"
        takes = takes_history(np.array([filled.days]), np.array([float(days)]))[0]
        return "catches up" if takes else "knows enough"


def refuse_in_vain(filled: Sequence[Filled], now_ms: int | None) -> None:
    """Raises WarmUpError for history that says nothing of the days that detect compares with.

    `now_ms`: None where event time is not known.
    """
    if not filled:
        raise WarmUpError(
            "of no ten minutes was half seen, so there is nothing to fill: write a row for every minute that was seen, "
            "also where nothing came"
        )
    until = max(series.until for series in filled)
    if now_ms is not None and parse_time_ms(until) < now_ms - LAGS * DAY_MS:
        raise WarmUpError(
            f"it ends at {until}, more than {LAGS} days ago, and nothing so old is compared with: give newer history"
        )


def refuse_known(fates: Mapping[Filled, Fate], prefix: str) -> None:
    """Raises WarmUpError where no series takes what is there for it."""
    ways = set(fates.values())
    if ways <= {"knows enough", "not there"}:
        names = listed(sorted({f"{series.signal} of {series.service}" for series in fates}))
        if "not there" in ways:
            raise WarmUpError(f"detect runs on a catalogue without {names}: start it again with yours, then fill")
        raise WarmUpError(
            f"{names}: detect knows {READY_DAYS} days or as much as this under prefix {prefix!r}, and keeps what it "
            "has lived; to begin anew use another --prefix"
        )


def lived(settings: Settings) -> Lived:
    """Reads the newest bucket reports of a prefix. Raises ReadError."""
    newest = _newest_reports(settings)
    days: dict[Series, int] = {}
    for report in newest.values():
        for service in report.services:
            known = LAGS if service not in report.baseline else report.baseline_days.get(service, 0)
            days[service, report.signal] = 0 if service in report.absent else known
    ends = [(bucket_of(report.bucket) + 1) * BUCKET_MS for report in newest.values()]
    return Lived(days, frozenset(newest), settings.tallies_partitions, max(ends, default=None))


def _newest_reports(settings: Settings) -> dict[tuple[int, Signal], BucketReport]:
    newest: dict[tuple[int, Signal], BucketReport] = {}
    for count in LOOK_BACK:
        records = last_records(settings.brokers, settings.topic("series"), count)
        for record in records:
            report = _decode(record.value or b"")
            if isinstance(report, BucketReport):
                of = (report.partition, report.signal)
                # Times of one form sort as texts. After a restart older ones come again.
                if of not in newest or newest[of].bucket <= report.bucket:
                    newest[of] = report
        if len(records) < count or len(newest) == settings.tallies_partitions * len(SIGNALS):
            break
    return newest


def send_history(settings: Settings, records: Iterable[History], on_series: Callable[[int], None]) -> int:
    """Puts history where detect reads it; how many series that were. Raises ReplayError, HistoryError.

    `on_series` hears how many series have been put together.
    """
    kept: list[History] = []
    series: set[tuple[str, str, str | None]] = set()
    for record in records:  # all of it before any is sent, so that what cannot be taken is found first
        kept.append(record)
        series.add((record.service, record.signal, record.region))
        on_series(len(series))
    Replayer(settings, paced=False).warm_up(kept)
    return len(series)
