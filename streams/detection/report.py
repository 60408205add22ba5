"""The public record of one bucket, from what the bank made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streams.contracts.series import (
    BaselineState,
    BucketReport,
    Detail,
    Direction,
    FeedbackAt,
    Leaning,
    SeriesState,
    StatementAt,
)
from streams.contracts.times import BUCKET_MS, bucket_start, rfc3339
from streams.detection.bank import BankStep
from streams.detection.details import LEANING_FROM
from streams.tally.sealing import SealedBucket

if TYPE_CHECKING:
    from streams.detection.partition import SignalDetector

_BASELINES: tuple[BaselineState, ...] = ("cold", "warming", "ready")
_READY = 2
_TENS = np.array([10.0**n for n in range(23)])


def bucket_report(
    series: SignalDetector,
    sealed: SealedBucket,
    step: BankStep,
    counts: NDArray[np.float64],
    details: list[Detail],
    late: Mapping[str, int],
    absent: Sequence[str],
    partition: int,
    partitions: int,
) -> BucketReport:
    """Columns speak of services as a whole; states of every judged series with an outage in it."""
    whole = series.whole
    not_ready = np.flatnonzero(step.baseline[whole] != _READY)
    young = [series.services[i] for i in not_ready]
    young_at = whole[not_ready]
    return BucketReport(
        partition=partition,
        partitions=partitions,
        signal=series.signal,
        bucket=bucket_start(sealed.bucket),
        bucket_s=BUCKET_MS // 1000,
        services=series.services,
        observed=counts[whole].astype(np.int64).tolist(),
        expected=rounded(step.expected[whole]),
        lower=rounded(step.lower[whole]),
        upper=rounded(step.upper[whole]),
        score=rounded(step.score[whole]),
        states=_states(series, step),
        leaning=_leaning(series, step),
        details=details,
        late=dict(late),
        baseline=dict(zip(young, map(_BASELINES.__getitem__, step.baseline[young_at].tolist()), strict=True)),
        baseline_days=dict(zip(young, step.baseline_days[young_at].tolist(), strict=True)),
        absent=list(absent),
        statements=[
            StatementAt(rfc3339(max(s.effective_ms, 0)), s.offset, s.statement)
            for s in sealed.statements
            if s.statement is not None
        ],
        feedback=[
            FeedbackAt(rfc3339(max(s.effective_ms, 0)), s.offset, s.feedback)
            for s in sealed.feedback
            if s.feedback is not None
        ],
        blind=sealed.blind,
        incomplete=sealed.incomplete,
    )


def rounded(values: NDArray[np.float64]) -> list[float]:
    """Six significant digits, and 0 for what is not known, as plain floats that read the same on every machine."""
    known = np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    size = np.abs(known)
    exponent = np.where(size > 0, np.floor(np.log10(np.where(size > 0, size, 1.0))), 0).astype(np.int64)
    # Both scales are exact powers of ten, so that the last division or product gives the float nearest to six digits.
    up = _TENS[np.clip(5 - exponent, 0, 22)]
    down = _TENS[np.clip(exponent - 5, 0, 22)]
    result: list[float] = (np.round(known * up / down) * down / up).tolist()
    return result


def _direction(sign: float) -> Direction:
    return "surge" if sign > 0 else "drop"


def _states(series: SignalDetector, step: BankStep) -> list[SeriesState]:
    states = []
    for i in np.flatnonzero((step.open != 0) | step.closed):
        row = series.rows[i]
        closed = bool(step.closed[i])
        states.append(
            SeriesState(
                service=row.service,
                region=row.region,
                direction=_direction(series.direction[i]),
                state="closed" if closed else "open",
                started=bucket_start(int(step.started[i])),
                detected=bucket_start(int(step.detected[i])),
                evidence=float(f"{step.evidence[i]:.6g}"),
                elevated=bool(step.elevated[i]),
                ended=bucket_start(int(step.ended[i])) if closed else None,
            )
        )
    return states


def _leaning(series: SignalDetector, step: BankStep) -> list[Leaning]:
    lean = step.lean[series.whole]
    chosen = np.flatnonzero((np.abs(lean) >= LEANING_FROM) & (step.open[series.whole] == 0))
    return [
        Leaning(
            service=series.services[i],
            direction=_direction(lean[i]),
            started=bucket_start(int(step.lean_started[series.whole[i]])),
            evidence=float(f"{min(abs(lean[i]), 1.0):.6g}"),
        )
        for i in chosen
    ]
