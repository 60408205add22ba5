"""Scoring very many series at once: one tallies partition, one signal, with two weeks of history behind them.

python -m tests.bench.subjects.series_pass SERIES BUCKETS RESULT CORE
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from streams.catalogue import Catalogue
from streams.catalogue.service import Service
from streams.contracts.tallies import Row
from streams.detection.history import LAGS, SLOT_MIN, SLOTS_PER_DAY
from streams.detection.partition import SignalDetector
from streams.tally.sealing import SealedBucket
from tests.bench.meter import peak_mb, pin

SERIES, BUCKETS, RESULT, CORE = range(1, 5)
FIRST_BUCKET = 29_552_280  # 2026-03-10T10:00:00Z


def main(arguments: list[str]) -> None:
    pin(int(arguments[CORE]))
    number, buckets = int(arguments[SERIES]), int(arguments[BUCKETS])
    names = [f"service-{i:06d}" for i in range(number)]
    catalogue = Catalogue([Service(id=name, names={"en": name}, regions=("US",)) for name in names])
    rng = np.random.default_rng(1)
    rates = rng.lognormal(0.0, 2.0, number)  # from some an hour to hundreds a minute, half of them below one a minute
    before_mb = peak_mb()
    detector = SignalDetector("errors", names, catalogue)
    detector.begin(FIRST_BUCKET, [])
    assert detector.bank is not None
    slots = LAGS * SLOTS_PER_DAY
    past = np.broadcast_to((SLOT_MIN * rates)[:, None], (number, slots))
    begin_s = time.process_time()
    detector.bank.warm_up(FIRST_BUCKET // SLOT_MIN - slots, past, np.full(number, 0.02))
    warm_up_s = time.process_time() - begin_s
    judged_s, whole_s, written = [], [], 0
    for bucket in range(FIRST_BUCKET, FIRST_BUCKET + buckets):
        counts = rng.poisson(rates)
        rows = [
            Row(bucket * 6, name, {"US": count}) for name, count in zip(names, counts.tolist(), strict=True) if count
        ]
        begin_s = time.process_time()
        report = detector.step(SealedBucket("errors", bucket, rows), 0, 1)
        written = len(msgspec.json.encode(report))
        whole_s.append(time.process_time() - begin_s)
    for _ in range(buckets):
        counts = rng.poisson(rates).astype(np.float64)
        begin_s = time.process_time()
        detector.bank.step(counts)
        judged_s.append(time.process_time() - begin_s)
    scoring_mb = peak_mb() - before_mb
    state = sum(array.nbytes for array in detector.bank.snapshot().values())
    result = {
        "series": number,
        "judged_ms": [round(1000 * s, 2) for s in judged_s],
        "whole_ms": [round(1000 * s, 2) for s in whole_s],
        "state_bytes": state,
        "report_bytes": written,
        "warm_up_s": round(warm_up_s, 2),
        "peak_mb": scoring_mb,
    }
    Path(arguments[RESULT]).write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv)
