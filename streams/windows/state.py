"""A window while it is followed: what was seen and decided, in buckets. The published record is written from it."""

from __future__ import annotations

from msgspec import Struct

from streams.contracts.events import SIGNALS, Signal
from streams.contracts.series import BaselineState, Direction, StatementAt
from streams.contracts.times import BUCKET_MS
from streams.contracts.windows import Operator, Severity, Window, WitnessState
from streams.windows.cause.customers import CustomersSeen
from streams.windows.gathered import Gathered, Sums
from streams.windows.significance import Noted
from streams.windows.totals import Row, Totals, measure

Buckets = tuple[int, int]  # first and last, both included
# 12 h of buckets one by one, so that totals stay exact when the end is dated back that far. What lasts for eight hours
# is accepted as a new level; a window may have been open for longer only where much of it was blind.
KEPT_BUCKETS = 720


class Trace(Struct):
    """One judged series of the window: open until `ended` is known. `region` None: the service as a whole.

    `strongest`, `evidence`: direction and nats of its strongest evidence. `last_elevated`: last bucket out of bounds.
    `last_lean`: set while it stands on a lean that opened the window together with the other signal's.
    `spent`: begin of a region's opening that holds nothing up any more, although the detector has not closed it yet.
    """

    signal: Signal
    region: str | None
    direction: Direction
    started: int
    last_elevated: int
    evidence: float
    strongest: Direction
    ended: int | None = None
    last_lean: int | None = None
    spent: int | None = None

    @property
    def is_open(self) -> bool:
        return self.ended is None


class Track(Struct):
    """What one signal showed. `rows`: the newest buckets, one a bucket.

    Older ones are summed: in `folded`, or in `after` where they lie after the witness's own end; should it be elevated
    again, they were a lull in the middle and count too. `running`: all of them, so that an open window costs one
    addition a bucket, however long it lasts.
    """

    rows: list[Row]
    folded: Totals
    after: Totals
    running: Totals
    gathered: Gathered
    ended: tuple[int, int, Totals] | None = None  # first and last bucket of a witness that has ended, and its totals
    now: WitnessState = "normal"
    baseline: BaselineState = "ready"
    baseline_days: int | None = None  # the fewest while it was elevated; None: it never was

    def extend(self, row: Row, ended: int | None) -> None:
        """Adds the newest bucket. `ended`: the last elevated one, None while it is open and where it never was."""
        if ended is None:
            self.folded.join(self.after)
            self.after = Totals()
        self.rows.append(row)
        self.running.add(row)
        while self.rows[0].bucket <= row.bucket - KEPT_BUCKETS:
            oldest = self.rows.pop(0)
            (self.folded if ended is None or oldest.bucket <= ended else self.after).add(oldest)

    def prepend(self, rows: list[Row]) -> None:
        """Adds the buckets before those it has, once the window is dated back."""
        self.rows[:0] = rows
        self.running = self.folded.copy()
        self.running.join(self.after)
        for row in self.rows:
            self.running.add(row)

    def totals(self, first: int, last: int) -> Totals:
        """From bucket `first` to `last`; to be read, not to be changed."""
        if self.rows and last >= self.rows[-1].bucket:
            return self.running
        if self.ended is None or self.ended[:2] != (first, last):
            self.ended = (first, last, measure(self.folded, self.rows, first, last))
        return self.ended[2]


class WindowState(Struct):
    """Buckets: `started` (first elevated), `opened`, `closed` (in which it was decided), `ended` (last elevated one).

    `floor`: the first bucket after the window before it, where a window may begin at the earliest.
    """

    id: str
    service: str
    started: int
    opened: int
    floor: int
    tracks: dict[Signal, Track]
    traces: list[Trace] = []
    closed: int | None = None
    retracted: bool = False
    revision: int = 0
    recorded: Buckets | None = None  # what of the columns the tracks hold
    blind: list[Buckets] = []
    statements: list[StatementAt] = []
    operator: Operator | None = None
    severity: Severity = "minor"
    customers: dict[str, CustomersSeen] = {}
    noted: Noted | None = None
    published: Window | None = None

    @property
    def evidence_open(self) -> bool:
        """Whether any series is open, also in a retracted window."""
        return any(trace.is_open for trace in self.traces)

    @property
    def ended(self) -> int | None:
        """The last elevated bucket of any witness; None while one is open."""
        return None if self.evidence_open else max(trace.ended or trace.last_elevated for trace in self.traces)

    @property
    def ended_ms(self) -> int | None:
        return None if self.ended is None else (self.ended + 1) * BUCKET_MS

    @property
    def started_ms(self) -> int:
        return self.started * BUCKET_MS

    def of(self, signal: Signal) -> list[Trace]:
        return [trace for trace in self.traces if trace.signal == signal]

    def signal_ended(self, signal: Signal) -> int | None:
        """The last elevated bucket of a witness; None while it is open and where it never was."""
        traces = self.of(signal)
        if not traces or any(trace.is_open for trace in traces):
            return None
        return max(trace.ended or trace.last_elevated for trace in traces)

    def last(self, signal: Signal, now: int) -> int:
        """The last bucket that counts for a witness: its own end, else the window's, else now."""
        own = self.signal_ended(signal)
        if own is not None:
            return own
        return now if self.ended is None else self.ended

    def totals(self, signal: Signal, now: int) -> Totals:
        return self.tracks[signal].totals(self.started, self.last(signal, now))

    def details(self, signal: Signal, now: int) -> Sums:
        return self.tracks[signal].gathered.summed(self.last(signal, now))

    def direction(self, signal: Signal) -> Direction:
        """The direction of its strongest evidence."""
        traces = sorted(self.of(signal), key=lambda trace: (-trace.evidence, trace.region or ""))
        return traces[0].strongest if traces else "none"

    def leading(self) -> Signal:
        """The witness after which regions, phases and the peak's clock go: people where they noticed, else machines."""
        return "reports" if self.of("reports") or not self.of("errors") else "errors"

    def affected_regions(self) -> list[str]:
        return sorted({trace.region for trace in self.traces if trace.region is not None})

    def blind_buckets(self, last: int) -> int:
        """Buckets of the window in which one of its signals, or both, was blind."""
        spans = ((max(first, self.started), min(end, last)) for first, end in self.blind)
        return sum(max(0, end - first + 1) for first, end in spans)

    def mark_blind(self, bucket: int) -> None:
        """Remembers a blind bucket; neighbours join into one span."""
        spans: list[Buckets] = []
        for first, last in sorted([*self.blind, (bucket, bucket)]):
            if spans and first <= spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
            else:
                spans.append((first, last))
        self.blind = spans


def new_window(window_id: str, service: str, started: int, opened: int, floor: int) -> WindowState:
    tracks: dict[Signal, Track] = {
        signal: Track([], Totals(), Totals(), Totals(), Gathered(Sums())) for signal in SIGNALS
    }
    return WindowState(window_id, service, started, opened, floor, tracks)
