"""When a window opens, goes on, closes and goes on again, from what the two signals' series do.

- It opens with any open series of either signal, of the whole service or of a region. One window at a time.
- It opens with two leans as well. Shares are of the log-likelihood ratio that opens a series alone, and independent
  evidence adds: both together hold at least 1.2 times what one witness needs. As no bucket adds more than 0.4 to a
  share, and each lean must have begun before this bucket, this takes at least two buckets in both, as a window by one
  witness takes at least three.
- It closes when none of its series is open any more. Once the whole service has ended in a signal, a region of it holds
  the window open only while it is still out of bounds now and then: at a report in ten minutes the detector needs hours
  to be sure of an end, and dates it back then. A blind witness closes nothing of its own: its series stay open.
  A witness that was never elevated holds nothing up, blind or not.
- Evidence that began within 30 minutes after the end continues it.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.contracts.events import SIGNALS, Signal
from streams.contracts.series import BaselineState, Leaning, SeriesState
from streams.contracts.times import bucket_of
from streams.windows.confidence import OPENING_NATS
from streams.windows.sightings import Sighting
from streams.windows.state import Trace, WindowState
from streams.windows.totals import Row

REOPEN_BUCKETS = 30  # the contract
JOINT_SUM = 1.2  # more than the 1.0 that opens alone: two leans that just happen to coincide must not open cheaply
JOINT_EACH = 0.4  # what one bucket may add at most: below it a witness has nothing to say
QUIET_REGION_BUCKETS = 15  # longer than any lull of a region that still fails beside a service that does not
LEAN_GONE_BUCKETS = 8  # as long as a series must have been back before it closes by itself

Sightings = Mapping[Signal, Sighting]
_BASELINES: tuple[BaselineState, ...] = ("cold", "warming", "ready")


def joint_leans(sightings: Sightings, bucket: int) -> list[tuple[Signal, Leaning]]:
    """The two leans that open a window together; empty where they do not."""
    leans = [(signal, lean) for signal in SIGNALS if (lean := sightings[signal].lean) is not None]
    if len(leans) < len(SIGNALS) or dict(leans)["reports"].direction != "surge":
        return []  # fewer reports than usual are no sign of an outage
    enough = sum(lean.evidence for _, lean in leans) >= JOINT_SUM
    each = all(lean.evidence >= JOINT_EACH and bucket_of(lean.started) < bucket for _, lean in leans)
    return leans if enough and each else []


def evidence_begins(
    sightings: Sightings, leans: list[tuple[Signal, Leaning]], window: WindowState | None
) -> int | None:
    """The first bucket of everything that is open now, None if nothing is. `window`: the service's newest one."""
    begins = [
        bucket_of(state.started)
        for signal in SIGNALS
        for state in _open_states(sightings[signal])
        if window is None or not _is_spent(_trace(window, signal, state.region), state)
    ]
    return min([*begins, *(bucket_of(lean.started) for _, lean in leans)], default=None)


def continues(window: WindowState, begins: int) -> bool:
    """Whether evidence from bucket `begins` on belongs to this window rather than to a new one."""
    if window.ended is None:
        return True
    # A retracted window was no outage: only what overlaps with it is still the same false alarm.
    return begins <= (window.ended if window.retracted else window.ended + 1 + REOPEN_BUCKETS)


def advance(window: WindowState, sightings: Sightings, leans: list[tuple[Signal, Leaning]], bucket: int) -> None:
    """Takes in what the bucket says of the window's series."""
    for signal in SIGNALS:
        sighting = sightings[signal]
        _follow_states(window, signal, sighting, bucket)
        _end_quiet_regions(window, signal, sighting, bucket)
        _follow_lean(window, signal, sighting, bucket)
    for signal, lean in leans:
        if not any(trace.region is None and trace.is_open for trace in window.of(signal)):
            _join_lean(window, signal, lean, sightings[signal], bucket)
    for signal in SIGNALS:
        _note_witness(window, signal, sightings[signal])
    window.started = min([window.started, *(max(trace.started, window.floor) for trace in window.traces)])


def _open_states(sighting: Sighting) -> list[SeriesState]:
    return [state for state in sighting.states if state.state == "open"]


def _trace(window: WindowState, signal: Signal, region: str | None) -> Trace | None:
    return next((trace for trace in window.of(signal) if trace.region == region), None)


def _follow_states(window: WindowState, signal: Signal, sighting: Sighting, bucket: int) -> None:
    for state in sighting.states:
        trace = _trace(window, signal, state.region)
        if _is_spent(trace, state):
            continue
        if state.state == "open":
            _join_state(window, signal, trace, state, bucket)
        elif trace is not None and trace.is_open:
            trace.ended = trace.last_elevated if state.ended is None else bucket_of(state.ended)
            trace.last_lean = None
    if sighting.seen:  # a series that is not named any longer has closed in a bucket that was taken without this signal
        named = {state.region for state in sighting.states}
        for trace in window.of(signal):
            if trace.is_open and trace.last_lean is None and trace.region not in named:
                trace.ended = trace.last_elevated


def _is_spent(trace: Trace | None, state: SeriesState) -> bool:
    return trace is not None and trace.spent is not None and trace.spent == bucket_of(state.started)


def _end_quiet_regions(window: WindowState, signal: Signal, sighting: Sighting, bucket: int) -> None:
    whole = _trace(window, signal, None)
    if whole is None or whole.is_open or not sighting.seen:
        return
    begins = {state.region: bucket_of(state.started) for state in _open_states(sighting)}
    for trace in window.of(signal):
        if trace.is_open and trace.region in begins and bucket - trace.last_elevated >= QUIET_REGION_BUCKETS:
            trace.ended, trace.spent = trace.last_elevated, begins[trace.region]


def _join_state(window: WindowState, signal: Signal, trace: Trace | None, state: SeriesState, bucket: int) -> None:
    started = bucket_of(state.started)
    if trace is None:
        trace = Trace(signal, state.region, state.direction, started, started, state.evidence, state.direction)
        window.traces.append(trace)
    trace.direction, trace.ended, trace.last_lean = state.direction, None, None
    trace.started = min(trace.started, started)
    if state.elevated:
        trace.last_elevated = bucket
    if state.evidence > trace.evidence:
        trace.evidence, trace.strongest = state.evidence, state.direction


def _join_lean(window: WindowState, signal: Signal, lean: Leaning, sighting: Sighting, bucket: int) -> None:
    started, nats = bucket_of(lean.started), lean.evidence * OPENING_NATS
    trace = _trace(window, signal, None)
    if trace is None:
        trace = Trace(signal, None, lean.direction, started, started, nats, lean.direction)
        window.traces.append(trace)
    trace.direction, trace.ended, trace.last_lean = lean.direction, None, bucket
    trace.started = min(trace.started, started)
    trace.last_elevated = max(trace.last_elevated, started)
    _note_bounds(trace, sighting.row)


def _follow_lean(window: WindowState, signal: Signal, sighting: Sighting, bucket: int) -> None:
    trace = _trace(window, signal, None)
    if trace is None or not trace.is_open or trace.last_lean is None or not sighting.seen:
        return
    lean = sighting.lean
    if lean is not None and lean.direction == trace.direction and lean.evidence >= JOINT_EACH:
        trace.last_lean = bucket
        trace.evidence = max(trace.evidence, lean.evidence * OPENING_NATS)
    _note_bounds(trace, sighting.row)
    if bucket - trace.last_lean >= LEAN_GONE_BUCKETS:
        trace.ended, trace.last_lean = trace.last_elevated, None


def _note_bounds(trace: Trace, row: Row | None) -> None:
    """A lean fades long after the counts are back: its last elevated bucket is the last one out of bounds."""
    if row is not None and not row.blind:
        out = row.observed > row.upper if trace.direction == "surge" else row.observed < row.lower
        if out:
            trace.last_elevated = max(trace.last_elevated, row.bucket)


def _note_witness(window: WindowState, signal: Signal, sighting: Sighting) -> None:
    track = window.tracks[signal]
    elevated = any(trace.is_open for trace in window.of(signal))
    if sighting.absent:
        track.now = "absent"
    elif not sighting.seen:
        track.now = "blind"
    else:
        track.now = "elevated" if elevated else "normal"
    if elevated and sighting.seen:
        track.baseline = min(track.baseline, sighting.baseline, key=_BASELINES.index)
        known = sighting.baseline_days if track.baseline_days is None else track.baseline_days
        track.baseline_days = min(known, sighting.baseline_days)
