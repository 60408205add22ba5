"""What an operator's `false_alarm` gives back to the baseline: the true sums of slots that were learnt clipped.

Buckets of a window are learnt within a factor of two of what was expected. If the window was no outage, that was a
mistake, and the same time of day might open again. So the true sum of every slot that was clipped is kept for as long
as the slot is compared with, and put in its place once the window is called a false alarm; `confirmed` puts back what
had been learnt. Both are written as they were first, so that any order of the two leaves what the last one says.

Levels of the season are left as they are: they are made of buckets of no window on both sides, and thus not wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from streams.contracts.times import BadTime, bucket_of
from streams.detection.columns import Array, Bools, Ints, Singles
from streams.detection.history import LAGS, SLOT_MIN, SLOTS_PER_DAY
from streams.detection.hot_slots import NEIGHBOURS, Correction, HotSlots

KEPT_SLOTS = LAGS * SLOTS_PER_DAY + 3 * NEIGHBOURS  # older ones are neither compared with nor excuse anything
# Of all series: 8 MB. Hit where some thousand services fail for hours; the oldest then stay as they were learnt.
KEPT_ROWS = 250_000
KEPT_SPANS = 50_000
# Evidence up to half an hour after a window's end continues it (and one bucket, since ends are inclusive).
JOINS_BUCKETS = 31
_STILL_OPEN = 2**62
_SLOT_AND_PHASE = 2 * SLOT_MIN - 1  # the last bucket of a slot, wherever in its ten minutes a series' slots begin


class _Kept(msgspec.Struct, array_like=True):
    slots: bytes
    series: bytes
    learnt: bytes
    true: bytes
    rate: bytes
    usual: bytes
    spans: bytes


class GivenBack:
    """Windows of the last fourteen days of all series of a signal, and what their slots held truly."""

    def __init__(self) -> None:
        self._rows = HotSlots.none()
        # Of each window of a series: its row, first bucket, last elevated one, the one it closed in, called false?
        self._spans: Ints = np.zeros((5, 0), np.int64)

    def follow(self, bucket: int, opened: Array, started: Ints, closed: Array, ended: Ints) -> None:
        """Windows of a bucket: indices of the series that opened and closed, `started` and `ended` of them."""
        if opened.size:
            still = np.full(opened.size, _STILL_OPEN)
            spans = np.stack([opened, started, still, still, np.zeros(opened.size, np.int64)])
            recent = self._spans[3] >= (bucket // SLOT_MIN - KEPT_SLOTS) * SLOT_MIN
            self._spans = np.concatenate([self._spans[:, recent], spans], axis=1)[:, -KEPT_SPANS:]
        if closed.size:
            of = dict(zip(closed.tolist(), ended.tolist(), strict=True))
            at = (np.isin(self._spans[0], closed) & (self._spans[3] == _STILL_OPEN)).nonzero()[0]
            self._spans[2, at] = [of[series] for series in self._spans[0, at].tolist()]
            self._spans[3, at] = bucket

    def keep(self, hot: HotSlots) -> Correction | None:
        """Notes slots that were just learnt; returns what to put right at once, of windows already called false."""
        recent = self._rows.only(self._rows.slots > int(hot.slots[-1]) - KEPT_SLOTS)
        self._rows = HotSlots.joined([recent, hot]).only(slice(-KEPT_ROWS, None))
        return _correction(hot, _touched(hot, self._false()), hot.true)

    @property
    def is_full(self) -> bool:
        """Whether what is kept may just have lost its oldest."""
        return len(self._rows.slots) >= KEPT_ROWS or self._spans.shape[1] >= KEPT_SPANS

    def excused(self) -> HotSlots:
        """All slots of windows that are called false."""
        return self._rows.only(_touched(self._rows, self._false()))

    def judge(self, window: str, is_false: bool, series: range, bucket: int) -> Correction | None:
        """What a verdict on a window changes in its service's `series`; None where it changes nothing."""
        start = _start_of(window)
        chosen = None if start is None else self._chain(start, series, bucket)
        if chosen is None or not len(chosen) or self._spans[4, chosen[0]] == is_false:
            return None
        self._spans[4, chosen] = is_false
        rows = self._rows.only(self._rows.slots > bucket // SLOT_MIN - KEPT_SLOTS)
        touched = _touched(rows, self._spans[:, chosen])
        return _correction(rows, touched, rows.true if is_false else rows.learnt)

    def _false(self) -> Ints:
        return self._spans[:, self._spans[4] == 1]

    def _chain(self, start: int, series: range, bucket: int) -> Ints | None:
        """Indices of the spans that make up the window which began at `start`: each joins what was before it."""
        first, ended, closed = self._spans[1:4]
        own = (self._spans[0] >= series.start) & (self._spans[0] < series.stop) & (closed >= start)
        candidates = own.nonzero()[0]
        chosen, reach = [], start
        for i in candidates[np.argsort(first[candidates], kind="stable")].tolist():
            if first[i] > reach + JOINS_BUCKETS:
                break
            chosen.append(i)
            reach = max(reach, min(int(ended[i]), bucket))
        return np.array(chosen, np.int64)

    def snapshot(self) -> bytes:
        """Everything; series by their index."""
        rows = self._rows
        columns = (rows.slots, rows.series, rows.learnt, rows.true, rows.rate, rows.usual, self._spans)
        return msgspec.msgpack.encode(_Kept(*(column.tobytes() for column in columns)))

    def restore(self, block: bytes, places: Mapping[int, int]) -> None:
        """Goes on from a snapshot. `places`: where the series stand today, by their index then."""
        kept = msgspec.msgpack.decode(block, type=_Kept)
        slots, series = (np.frombuffer(part, np.int64) for part in (kept.slots, kept.series))
        singles = (np.frombuffer(part, np.float32) for part in (kept.learnt, kept.true, kept.rate, kept.usual))
        rows = HotSlots(slots, series, *singles)
        spans = np.frombuffer(kept.spans, np.int64).reshape(5, -1)
        today = np.full(max([0, *(i + 1 for i in places)]), -1, np.int64)
        today[list(places)] = list(places.values())
        self._rows = rows.moved(today).only(today[rows.series] >= 0)
        self._spans = np.concatenate([today[spans[:1]], spans[1:]])[:, today[spans[0]] >= 0]


def _touched(rows: HotSlots, spans: Ints) -> Bools:
    """Which of the rows lie in one of the spans."""
    touched = np.zeros(len(rows.slots), np.bool_)
    for series, first, _, closed, _ in spans.T.tolist():
        begin = rows.slots * SLOT_MIN
        touched |= (rows.series == series) & (begin + _SLOT_AND_PHASE >= first) & (begin <= closed)
    return touched


def _correction(rows: HotSlots, which: Bools, sums: Singles) -> Correction | None:
    return Correction(rows.slots[which], rows.series[which], sums[which]) if which.any() else None


def _start_of(window: str) -> int | None:
    """The bucket in an id such as `twitter-20220714T115900Z`; None of what is no such id."""
    stamp = window.rpartition("-")[2]
    if len(stamp) != len("20220714T115900Z"):
        return None
    day, time = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}", f"{stamp[9:11]}:{stamp[11:13]}:{stamp[13:15]}"
    try:
        return bucket_of(f"{day}T{time}Z")
    except BadTime:
        return None
