"""The bank of all judged series of a partition: one bucket's counts in, expectation, score and windows of each out.

Series are worked on in blocks of a few thousand, so that a block's state stays in the cache; `block.Block.step` is the
algorithm. Callers see their own order of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from streams.catalogue.service import Profile
from streams.detection.block import Block
from streams.detection.calendar import PLAIN, Calendar, Calendars, Planned
from streams.detection.columns import Array, Bools, Floats, Ints, SnapshotMismatchError
from streams.detection.history import RING, SLOT_MIN
from streams.detection.hot_slots import Correction, HotSlots
from streams.detection.judged import Limits
from streams.detection.sensitivity import share_of_tolerance
from streams.detection.smooth.block import SmoothBlock, SmoothLimits
from streams.detection.smooth.pace import Pace
from streams.detection.smooth.telling import columns_of as smooth_columns_of
from streams.detection.smooth.telling import days_seen
from streams.detection.telling import columns_of
from streams.detection.warmup import replay

BLOCK_ROWS = 4096  # ten CUSUMs of so many in float32 are 160 kB, a column in float64 32 kB: a core's own cache


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One judged series: `region` None is the service as a whole.

    `false_opens_per_year` is the tolerance of the service as a whole, shared by the `siblings` judged series it has in
    all signals. `surges`, `drops`: which directions may open a window. `profile`: which detector judges it. `calendar`:
    whose days these are; `planned`: when its counts are judged but teach nothing.
    """

    service: str
    region: str | None
    false_opens_per_year: float
    siblings: int
    surges: bool = True
    drops: bool = True
    profile: Profile = "counts"
    calendar: Calendar = PLAIN
    planned: tuple[Planned, ...] = ()

    def tolerated_per_year(self) -> float:
        """False opens a year that this series may use up, in all its directions. Raises ValueError unless above 0."""
        if not self.false_opens_per_year > 0:
            raise ValueError(f"false opens a year must be above 0, not {self.false_opens_per_year:g}")
        return self.false_opens_per_year * share_of_tolerance(self.region is None, self.siblings)

    def fingerprint(self) -> int:
        """Of the name: what a snapshot is checked against, and where the slot phase comes from."""
        return crc32(f"{self.service}\0{'' if self.region is None else self.region}".encode())


@dataclass(frozen=True, slots=True)
class BankStep:
    """What one bucket said, arrays of shape (n,) in the caller's order. Buckets are epoch minutes, -1 where none.

    `expected`   count of this bucket; `lower`, `upper`: 99.8 % of healthy buckets lie within, bounds included.
    `score`      -log10 of the smaller tail's probability of this single bucket, 0..300; NaN where blind.
    `open`       +1 surge, -1 drop, 0 none, after this bucket; `opened`, `closed`: in this bucket, never both.
    `direction`  +1 or -1 of the window that is open or has just closed, else 0.
    `started`, `detected`   of the window that is open or has just closed; `ended` where `closed`: last elevated bucket.
    `evidence`   nats of the winning CUSUM, the most over the window's life (six thresholds at most).
    `elevated`   this bucket itself lies outside its bounds in the open window's direction.
    `lean`       largest allowed CUSUM over its threshold, at most 1, signed by direction, 0 if under 0.05;
                 `lean_started`: its first bucket.
    `baseline`   0 cold (under a day known), 1 warming (under seven), 2 ready; `baseline_days`: days compared with.
    """

    bucket: int
    expected: Floats
    lower: Floats
    upper: Floats
    score: Floats
    open: NDArray[np.int8]
    opened: Bools
    closed: Bools
    direction: NDArray[np.int8]
    started: Ints
    detected: Ints
    ended: Ints
    evidence: Floats
    elevated: Bools
    lean: Floats
    lean_started: Ints
    baseline: NDArray[np.int8]
    baseline_days: NDArray[np.int16]


class SeriesBank:
    """Judges consecutive buckets of `rows`, the first of them `first_bucket`. Deterministic; about 8 kB a row.

    Rows of each profile stand in blocks of their own, so neither can touch the other. Buckets of another length than a
    minute (`bucket_min`) are named by their index since 1970 and judged by the profile `smooth` only.
    """

    def __init__(self, rows: Sequence[SeriesRow], first_bucket: int, *, bucket_min: int = 1) -> None:
        self.rows = tuple(rows)
        self.bucket = first_bucket
        self._first_bucket = first_bucket
        self._fingerprints = np.array([row.fingerprint() for row in rows], np.uint32)
        self._is_smooth = np.array([row.profile == "smooth" for row in rows], np.bool_)
        if bucket_min != 1 and not self._is_smooth.all():
            raise ValueError("the profile counts judges buckets of a minute only")
        phase = (self._fingerprints % SLOT_MIN).astype(np.int64)
        limits = Limits(
            np.array([row.tolerated_per_year() for row in rows], np.float64),
            np.array([row.surges for row in rows], np.bool_),
            np.array([row.drops for row in rows], np.bool_),
            phase,
        )
        chunks = _chunks((~self._is_smooth).nonzero()[0]) or ([] if len(rows) else [np.arange(0)])
        self._members = [chunk[np.argsort(phase[chunk], kind="stable")] for chunk in chunks]  # caller's rows, by phase
        self._blocks: list[Block | SmoothBlock] = [
            Block(
                Limits(limits.tolerance_per_year[m], limits.surges[m], limits.drops[m], phase[m]),
                first_bucket,
                Calendars([rows[i].calendar for i in m], [rows[i].planned for i in m]),
                turn,
            )
            for turn, m in enumerate(self._members)
        ]
        for m in _chunks(self._is_smooth.nonzero()[0]):
            self._members.append(m)
            own = SmoothLimits(limits.tolerance_per_year[m], limits.surges[m], limits.drops[m])
            self._blocks.append(SmoothBlock(own, first_bucket, Pace(bucket_min)))

    def step(self, counts: NDArray[Any]) -> BankStep:
        """Judge the next bucket: `counts` of shape (n,), whole or real, NaN where blind. Then learn from it."""
        counts = np.asarray(counts, np.float64)
        if counts.shape != (len(self.rows),):
            raise ValueError(f"counts have shape {counts.shape}, the bank holds {len(self.rows)} series")
        bucket, self.bucket = self.bucket, self.bucket + 1
        if len(self.rows) == 1:
            return BankStep(bucket, **_stepped(self._blocks[0], counts))
        out: dict[str, Array] = {}
        for member, block in zip(self._members, self._blocks, strict=True):
            for name, column in _stepped(block, counts[member]).items():
                if name not in out:
                    out[name] = np.empty(len(self.rows), column.dtype)
                out[name][member] = column
        return BankStep(bucket, **out)

    def hot_slots(self) -> HotSlots | None:
        """The slots with buckets of windows in them that were stored in the last step; `series`: the caller's rows."""
        blocks = zip(self._members, self._blocks, strict=True)
        hot = [(m, b.hot_slots) for m, b in blocks if isinstance(b, Block)]  # a smooth one stores no days
        found = [slots.moved(member) for member, slots in hot if slots is not None]
        return HotSlots.joined(found) if found else None

    def excuse(self, slots: HotSlots) -> None:
        """From now on what these slots held is normal at their time of day, and of no others; not in the snapshot."""
        for places, block in self._places():
            block.excused.replace(slots.moved(places).only(places[slots.series] >= 0), self.bucket)

    def correct(self, correction: Correction) -> None:
        """Put sums into slots of the last days, in place of what was learnt of them."""
        for places, block in self._places():
            series = places[correction.series]
            here = (series >= 0) & (correction.slots > self.bucket // SLOT_MIN - RING)
            block.history.correct(correction.slots[here], series[here], correction.sums[here])

    def _places(self) -> Iterator[tuple[Array, Block]]:
        """Each block of the profile `counts`, and where in it the caller's rows stand; -1 of those that are not."""
        for member, block in zip(self._members, self._blocks, strict=True):
            if not isinstance(block, Block):
                continue
            places = np.full(len(self.rows), -1, np.int64)
            places[member] = np.arange(len(member))
            yield places, block

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the whole state: `bucket`, `rows`, `smooth` (which of them are), and arrays with rows last.

        The arrays of a profile hold its own rows only, in the caller's order.
        """
        arrays: dict[str, NDArray[Any]] = {"bucket": np.array(self.bucket), "rows": self._fingerprints.copy()}
        if self._is_smooth.any():
            arrays["smooth"] = self._is_smooth.copy()
        for place, total, block in self._placed():
            for part in block.parts():
                part.save(arrays, place, total)
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on where `snapshot` was taken, bit for bit. Raises SnapshotMismatchError if it is of other series."""
        if "bucket" not in arrays or not np.array_equal(arrays.get("rows", np.empty(0)), self._fingerprints):
            raise SnapshotMismatchError("snapshot is of other series; take one of this catalogue, or start without one")
        if not np.array_equal(smooth_rows(arrays), self._is_smooth):
            raise SnapshotMismatchError(
                "snapshot is of other profiles; take one of this catalogue, or start without one"
            )
        self.bucket = int(arrays["bucket"])
        for place, total, block in self._placed():
            for part in block.parts():
                part.load(arrays, place, total)
            block.bucket = self.bucket

    def _placed(self) -> Iterator[tuple[Array, int, Block | SmoothBlock]]:
        """Of each block: where its rows stand among those of its profile, and how many these are."""
        place = np.where(self._is_smooth, np.cumsum(self._is_smooth), np.cumsum(~self._is_smooth)) - 1
        smooth = int(self._is_smooth.sum())
        for member, block in zip(self._members, self._blocks, strict=True):
            yield place[member], smooth if isinstance(block, SmoothBlock) else len(self.rows) - smooth, block

    def warm_up(self, first_slot: int, sums: NDArray[Any], excess_variance: NDArray[Any]) -> None:
        """Fill baselines from history, before the first step.

        `sums`: (n, slots) counts of ten-minute slots from `first_slot` (epoch minutes // 10) on, NaN where there is
        none, ending at or before the first bucket. `excess_variance`: (n,) of a bucket, relative to its squared mean,
        NaN where not known. Rows of the profile `smooth` begin cold all the same: sums of ten minutes do not tell how
        far a bucket strays, and levels are known within minutes.
        """
        if self.bucket != self._first_bucket:
            raise ValueError("warm_up after the first step: fill a new bank")
        if (first_slot + sums.shape[1]) * SLOT_MIN > self.bucket:
            raise ValueError("history reaches past the first bucket: cut it there")
        for member, block in zip(self._members, self._blocks, strict=True):
            if isinstance(block, SmoothBlock):
                continue
            replay(block, first_slot, np.asarray(sums[member], np.float64).T, block.limits.phase)
            block.spread.know_excess(np.asarray(excess_variance, np.float64)[member])

    def days(self) -> NDArray[np.int16]:
        """How many days each series has to compare with, 0 to 14."""
        days = np.empty(len(self.rows), np.int16)
        for member, block in zip(self._members, self._blocks, strict=True):
            days[member] = days_seen(block) if isinstance(block, SmoothBlock) else block.season.days
        return days

    def relearn(
        self, rows: NDArray[np.intp], first_slot: int, sums: NDArray[Any], excess_variance: NDArray[Any]
    ) -> None:
        """Let some series begin anew on history, in the middle of a life: as `warm_up` of a bank of them alone.

        `rows`: their places in the caller's order; `sums` and `excess_variance` as in `warm_up`, of these rows. What
        they had learnt is given up, so a series with an open window must not be among them: it would never close.
        Rows of the profile `smooth` stay as they are.
        """
        counted = ~self._is_smooth[rows]
        rows, sums, excess_variance = rows[counted], sums[counted], excess_variance[counted]
        fresh = SeriesBank([self.rows[row] for row in rows], self.bucket)
        fresh.warm_up(first_slot, sums, excess_variance)
        learnt = fresh.snapshot()
        place = dict(zip(rows.tolist(), range(len(rows)), strict=True))
        for member, block in zip(self._members, self._blocks, strict=True):
            into = np.flatnonzero(np.isin(member, rows))
            out_of = np.array([place[row] for row in member[into].tolist()], np.intp)
            if isinstance(block, SmoothBlock) or not into.size:
                continue
            everyone = np.arange(len(member))
            for part in block.parts():
                arrays: dict[str, Array] = {}
                part.save(arrays, everyone, len(member))
                for name, array in arrays.items():
                    array[..., into] = learnt[name][..., out_of]
                part.load(arrays, everyone, len(member))


def smooth_rows(arrays: Mapping[str, NDArray[Any]]) -> Bools:
    """Which rows of a snapshot are of the profile `smooth`."""
    is_smooth = arrays.get("smooth")
    return np.zeros(arrays["rows"].shape, np.bool_) if is_smooth is None else is_smooth


def _chunks(rows: Array) -> list[Array]:
    return [rows[a : a + BLOCK_ROWS] for a in range(0, len(rows), BLOCK_ROWS)]


def _stepped(block: Block | SmoothBlock, count: Floats) -> dict[str, Array]:
    if isinstance(block, SmoothBlock):
        return smooth_columns_of(block, count)
    return columns_of(block, count, block.step(count))
