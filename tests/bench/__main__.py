"""`make bench`: measures on a real Kafka and writes the tables into docs/performance.md.

python -m tests.bench [--events N] [--rounds N] [--no-peers] [--no-write]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from streams.kafka.embedded import BrokerError, real_broker
from tests.bench.events import Load, Offline, draws
from tests.bench.live import measure_delays
from tests.bench.meter import pin
from tests.bench.peers import NoPeersError, peer_versions, peers_python
from tests.bench.report import delay_table, machine_line, place, series_table, throughput_table
from tests.bench.rounds import Bench, Round
from tests.bench.running import ROOT, BenchError, cores, run_series_pass
from tests.bench.topic import bench_settings, write_load

DOCUMENT = ROOT / "docs" / "performance.md"
HEAP_MB = 1024
SERIES = (1_000, 10_000, 100_000)
BUCKETS = 30


def say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure on a real Kafka.")
    parser.add_argument("--events", type=int, default=5_000_000, help="events in the topic")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    parser.add_argument("--no-peers", action="store_true", help="without Quix Streams and Bytewax")
    parser.add_argument("--no-write", action="store_true", help="print only, leave docs/performance.md as it is")
    given = parser.parse_args()
    try:
        measured = _measure(given)
    except (BenchError, BrokerError) as error:
        say(str(error))
        return 1
    print(measured)
    if not given.no_write:
        DOCUMENT.write_text(place(DOCUMENT.read_text(encoding="utf-8"), measured), encoding="utf-8")
        say(f"written into {DOCUMENT.relative_to(ROOT)}")
    return 0


def _measure(given: argparse.Namespace) -> str:
    peers, versions = _peers(given.no_peers)
    load = Load(given.events)
    on = cores()
    pin(on.others)  # the broker and everything that is not measured
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="outages-bench-") as name:
        folder = Path(name)
        with real_broker(folder / "kafka", heap_mb=HEAP_MB) as broker:
            settings = bench_settings(broker.bootstrap, folder / "state")
            say(f"writing {load.events:,} events")
            drawn = draws(load)
            write_load(settings, drawn, load)
            bench = Bench(settings, load, Offline(drawn), on, folder, peers)
            rounds: list[Round] = [bench.round(number + 1, say) for number in range(given.rounds)]
            say("a live run, for delays")
            delays = measure_delays(bench.stage("live"))
        passed = []
        for series in SERIES:
            say(f"scoring {series:,} series")
            passed.append(run_series_pass(bench.stage(f"series-{series}"), series, BUCKETS))
    say(f"took {time.monotonic() - begun_s:.0f} s")
    tables = [machine_line(versions), throughput_table(rounds, load), delay_table(delays), series_table(passed)]
    return "\n\n".join(tables)


def _peers(left_out: bool) -> tuple[str | None, dict[str, str]]:
    if left_out:
        return None, {}
    try:
        python = peers_python()
    except NoPeersError as error:
        say(f"without Quix Streams and Bytewax: {error}")
        return None, {}
    return python, peer_versions(python)


if __name__ == "__main__":
    sys.exit(main())
