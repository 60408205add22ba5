"""Detection for one tallies partition: from sealed buckets of its services to bucket reports.

Judged per signal are every service as a whole and each region that the catalogue lists for it. All series of a signal
are stepped together; what stays in Python is a loop over the rows that carried events and over what has an outage.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.catalogue import Catalogue
from streams.contracts.events import OTHER, SIGNALS, Signal
from streams.contracts.series import BucketReport, Detail
from streams.contracts.tallies import History, Tally
from streams.detection.bank import BankStep, SeriesBank, smooth_rows
from streams.detection.details import LEANING_FROM, PendingDetails, details_of
from streams.detection.given_back import GivenBack
from streams.detection.history_records import days_brought, history_arrays, takes_history
from streams.detection.moved import moved
from streams.detection.report import bucket_report
from streams.detection.rows import series_rows
from streams.ingest.placement import partition_of
from streams.tally.said import service_of_window
from streams.tally.sealing import SealedBucket, Sealing

# A window goes on with evidence from up to half an hour after its end: by then that half hour has to be told as well.
# A close comes some minutes after the end; what begins later leans by itself.
KEPT_AFTER_CLOSE_BUCKETS = 30
# Series that take late history in one bucket: 500 were replayed in 5 s on a busy core. So late is the bucket's report
# then, far from the two minutes without a step after which the process would be taken for stuck.
LATE_SERIES = 500


class PartitionDetector:
    """Everything detect knows of one tallies partition. `input_partitions`: of every input topic, by bare name."""

    def __init__(
        self, partition: int, partitions: int, catalogue: Catalogue, input_partitions: Mapping[str, int]
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        services = [s for s in (*catalogue.services, OTHER) if partition_of(s, partitions) == partition]
        self._sealing = Sealing(input_partitions)
        self._signals = {signal: SignalDetector(signal, sorted(services), catalogue) for signal in SIGNALS}

    def read(self, tally: Tally) -> Iterator[BucketReport]:
        """Merges one record in; the reports of the buckets that it seals, in order."""
        self._sealing.offer(tally)
        for signal in SIGNALS:
            for sealed in self._sealing.seal(signal):
                detector = self._signals[signal]
                if not detector.begun:
                    detector.begin(sealed.bucket, self._sealing.history)
                    self._sealing.history = [h for h in self._sealing.history if h.signal != signal]
                elif self._sealing.history:  # at a bucket's begin, so that a re-read of the log attributes alike
                    self._sealing.history = detector.catch_up(self._sealing.history)
                yield detector.step(sealed, self.partition, self.partitions)

    def watermarks(self) -> dict[tuple[str, int], int]:
        """W of every source partition, in milliseconds, for lag metrics."""
        return self._sealing.watermarks()

    def snapshot(self) -> dict[str, bytes]:
        """Named blocks; `restore` of them goes on bit for bit alike."""
        blocks = {"sealing": self._sealing.snapshot()}
        for signal, detector in self._signals.items():
            blocks |= {f"{signal}.{name}": block for name, block in detector.snapshot().items()}
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Goes on from a snapshot. Series that the catalogue has gained since then begin cold."""
        self._sealing.restore(blocks["sealing"])
        for signal, detector in self._signals.items():
            own = {name.removeprefix(f"{signal}."): b for name, b in blocks.items() if name.startswith(f"{signal}.")}
            detector.restore(own)


class _Kept(msgspec.Struct):
    """What a signal keeps beside the bank's arrays."""

    keys: list[tuple[str, str | None]]
    seen: list[str]
    direction: list[int]
    pending: dict[str, list[Detail]]
    last_open: dict[str, int] = {}


class SignalDetector:
    """All series of one signal in one tallies partition."""

    def __init__(self, signal: Signal, services: Sequence[str], catalogue: Catalogue) -> None:
        self.signal = signal
        self.services = list(services)
        self.rows = [row for service in services for row in series_rows(signal, service, catalogue)]
        self.index = {(row.service, row.region): i for i, row in enumerate(self.rows)}
        self._places: dict[str, tuple[int, dict[str, int]]] = {s: (self.index[s, None], {}) for s in self.services}
        for (service, region), i in self.index.items():
            if region is not None:
                self._places[service][1][region] = i
        self._names = np.array(self.services, object)
        self.whole = np.array([self.index[service, None] for service in self.services], np.intp)
        bounds = [*self.whole.tolist(), len(self.rows)]
        self._rows_of = {s: range(*pair) for s, pair in zip(self.services, pairwise(bounds), strict=True)}
        self.seen: set[str] = set()
        self.bank: SeriesBank | None = None
        self.direction = np.zeros(len(self.rows), np.int8)  # of what is open, or closed in the last bucket
        self._pending = PendingDetails()
        self._last_open: dict[str, int] = {}  # bucket, of services that were open lately
        self._given_back = GivenBack()

    @property
    def begun(self) -> bool:
        """Whether the first bucket is known."""
        return self.bank is not None

    def begin(self, first_bucket: int, history: Sequence[History]) -> None:
        """Starts with the first bucket there is, on the history that was given before it."""
        self.bank = SeriesBank(self.rows, first_bucket)
        own = [h for h in history if h.signal == self.signal and (h.service, h.region) in self.index]
        if own:
            self.bank.warm_up(*history_arrays(own, self.index, first_bucket))
            self.seen.update(h.service for h in own)

    def catch_up(self, history: Sequence[History]) -> list[History]:
        """Takes history that came after the first bucket, where it knows more than the series; returns what waits.

        A series with an outage in it waits for the end of that. Of more than LATE_SERIES the rest waits for the next
        bucket. History that knows no more than the series does is dropped.
        """
        assert self.bank is not None, "begin() comes first"
        waiting = [record for record in history if record.signal != self.signal]
        own: dict[int, list[History]] = {}
        for record in history:
            row = self.index.get((record.service, record.region))
            if record.signal != self.signal or row is None:
                continue
            if self.direction[row] or (row not in own and len(own) == LATE_SERIES):
                waiting.append(record)
            else:
                own.setdefault(row, []).append(record)
        if own:
            self._relearn(self.bank, own)
        return waiting

    def _relearn(self, bank: SeriesBank, own: Mapping[int, list[History]]) -> None:
        rows = np.array(list(own), np.intp)
        records = [record for row in own.values() for record in row]
        places = {(self.rows[row].service, self.rows[row].region): place for place, row in enumerate(own)}
        first_slot, sums, variance = history_arrays(records, places, bank.bucket)
        # Of a service that never sent this signal nothing was lived: its zeros say only that nobody was sending yet.
        lived = np.array([self.rows[row].service in self.seen for row in own]) * bank.days()[rows].astype(np.float64)
        use = takes_history(days_brought(sums), lived)
        if use.any():
            bank.relearn(rows[use], first_slot, sums[use], variance[use])
            self.seen.update(self.rows[row].service for row in rows[use])

    def step(self, sealed: SealedBucket, partition: int, partitions: int) -> BucketReport:
        """The report of one sealed bucket."""
        assert self.bank is not None, "begin() comes first"
        counts, late = self._counts(sealed)
        judged = np.full_like(counts, np.nan) if sealed.blind else counts
        step = self.bank.step(judged)
        self._give_back(sealed, step)
        self.direction = np.where(step.closed, self.direction, step.open)
        lean = self._by_service(np.abs(step.lean))
        is_open = self._by_service(step.open != 0)
        services = self._names
        leaning = set(services[(lean > 0) | (is_open > 0)])
        notable = set(services[(lean >= LEANING_FROM) | (is_open > 0)])
        kept = leaning | self._open_lately(services[is_open > 0], sealed.bucket)
        found = details_of(sealed, kept, self.index, step.expected)
        details = self._pending.emit(found, leaning=kept, notable=notable)
        absent = [s for s in self.services if s not in self.seen] if len(self.seen) < len(self.services) else []
        return bucket_report(self, sealed, step, counts, details, late, absent, partition, partitions)

    def snapshot(self) -> dict[str, bytes]:
        """Named blocks: one per array of the bank, and the rest."""
        if self.bank is None:
            return {}
        keys = [(row.service, row.region) for row in self.rows]
        kept = _Kept(keys, sorted(self.seen), self.direction.tolist(), self._pending.held, self._last_open)
        blocks = {"kept": msgspec.msgpack.encode(kept), "given_back": self._given_back.snapshot()}
        arrays = self.bank.snapshot()
        for name in list(arrays):
            blocks[f"bank.{name}"] = _array_bytes(arrays.pop(name))  # gone at once: together they are all there is
        return blocks

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Goes on from a snapshot, series by series: the catalogue may have gained or lost some."""
        if not blocks:
            self.bank, self.seen, self._pending, self._last_open = None, set(), PendingDetails(), {}
            self._given_back = GivenBack()
            return
        kept = msgspec.msgpack.decode(blocks["kept"], type=_Kept)
        arrays = {
            name.removeprefix("bank."): np.load(io.BytesIO(block), allow_pickle=False)
            for name, block in blocks.items()
            if name.startswith("bank.")
        }
        self.bank = SeriesBank(self.rows, 0)
        self.bank.restore(self._rearranged(arrays, kept.keys))
        was = dict(zip(kept.keys, kept.direction, strict=True))
        self.direction = np.array([was.get((row.service, row.region), 0) for row in self.rows], np.int8)
        self.seen = set(kept.seen) & set(self.services)
        self._pending, self._last_open = PendingDetails(kept.pending), kept.last_open
        places = {i: self.index[key] for i, key in enumerate(kept.keys) if key in self.index}
        self._given_back.restore(blocks["given_back"], places)
        self.bank.excuse(self._given_back.excused())

    def _give_back(self, sealed: SealedBucket, step: BankStep) -> None:
        """Notes what windows keep out of the baseline, and obeys who says that they were none."""
        assert self.bank is not None
        opened, closed = step.opened.nonzero()[0], step.closed.nonzero()[0]
        self._given_back.follow(sealed.bucket, opened, step.started[opened], closed, step.ended[closed])
        hot = self.bank.hot_slots()
        corrections = [None if hot is None else self._given_back.keep(hot)]
        for feedback in [said.feedback for said in sealed.feedback if said.feedback is not None]:
            series = self._rows_of.get(service_of_window(feedback.window))
            if series is not None and feedback.action in ("false_alarm", "confirmed"):
                is_false = feedback.action == "false_alarm"
                corrections.append(self._given_back.judge(feedback.window, is_false, series, sealed.bucket))
        found = [correction for correction in corrections if correction is not None]
        for correction in found:
            self.bank.correct(correction)
        if found or self._given_back.is_full:
            self.bank.excuse(self._given_back.excused())

    def _open_lately(self, open_now: Iterable[str], bucket: int) -> set[str]:
        """Services whose outage may yet go on: open now, or not long ago."""
        self._last_open.update(dict.fromkeys(open_now, bucket))
        for service in [s for s, last in self._last_open.items() if bucket - last > KEPT_AFTER_CLOSE_BUCKETS]:
            del self._last_open[service]
        return set(self._last_open)

    def _rearranged(
        self, arrays: dict[str, NDArray[np.generic]], keys: Sequence[tuple[str, str | None]]
    ) -> dict[str, NDArray[np.generic]]:
        """The arrays of a snapshot in the order of today's rows; what is new keeps a fresh bank's values."""
        assert self.bank is not None
        is_smooth = [row.profile == "smooth" for row in self.rows]
        if list(keys) == list(self.index) and np.array_equal(smooth_rows(arrays), is_smooth):
            return arrays
        pairs = [(self.index[key], i) for i, key in enumerate(keys) if key in self.index]
        return moved(arrays, self.bank.snapshot(), np.array(pairs, np.intp).reshape(-1, 2))

    def _counts(self, sealed: SealedBucket) -> tuple[NDArray[np.float64], dict[str, int]]:
        found = [0] * len(self.rows)  # summed in Python: numpy is slow at single cells
        late: dict[str, int] = {}
        places = self._places
        for row in sealed.rows:
            place = places.get(row.service)
            if place is None:
                continue  # a service that the catalogue no longer has
            whole, regional = place
            for region, count in row.regions.items():
                found[whole] += count
                if region in regional:
                    found[regional[region]] += count
            if row.late:
                late[row.service] = late.get(row.service, 0) + row.late
        if len(self.seen) < len(self.services):
            self.seen.update(row.service for row in sealed.rows if row.regions and row.service in places)
        return np.array(found, np.float64), dict(sorted(late.items()))

    def _by_service(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """The largest value among the series of each service (rows of a service stand together)."""
        return np.maximum.reduceat(values.astype(np.float64), self.whole)


def _array_bytes(array: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()
