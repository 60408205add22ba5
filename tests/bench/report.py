"""What was measured, as Markdown; and its place in docs/performance.md."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import median

from streams.kafka.embedded.jars import kafka_version
from tests.bench.events import Load
from tests.bench.live import Delays
from tests.bench.rounds import PREFIX, Round, Subject, ratio
from tests.bench.running import SeriesPass

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ORDER: tuple[Subject, ...] = (
    "ceiling",
    "every field",
    "tally",
    "tally + detect",
    "Bytewax",
    "Quix Streams",
    "Faust agent",
)
NAMES: dict[Subject, str] = {
    "ceiling": "ceiling: confluent-kafka, msgspec, bincount; two fields",
    "every field": "the same loop, decoding every field",
    "tally": "**tally**",
    "tally + detect": "**tally + detect**",
    "Bytewax": "Bytewax, tumbling windows of 10 s",
    "Quix Streams": "Quix Streams, tumbling windows of 10 s",
    "Faust agent": "plain Faust agent with a table",
}


def machine_line(peers: dict[str, str]) -> str:
    """On what it was measured."""
    ours = {"confluent-kafka": version("confluent-kafka"), "Faust": version("faust-streaming"), **peers}
    libraries = ", ".join(f"{name} {number}" for name, number in ours.items())
    return (
        f"Machine: {cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, Kafka {kafka_version()}, {libraries}."
    )


def cpu_model() -> str:
    """The processor by its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def throughput_table(rounds: list[Round], load: Load) -> str:
    """Rates as medians over the rounds, ratios as medians of each round's own ratio."""
    lines = [
        "| subject | events per CPU second | events per second | of the ceiling | tally + detect is | memory |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for subject in ORDER:
        found = [r[subject] for r in rounds if subject in r]
        if not found:
            continue
        of_ceiling, ours = ratio(rounds, subject, "ceiling"), ratio(rounds, "tally + detect", subject)
        times = f"{ours:.1f} times" if ours is not None and ours >= 2 else f"{ours:.2f} times"
        lines.append(
            f"| {NAMES[subject]} | {median(m.per_cpu_s for m in found):,.0f} | {median(m.per_s for m in found):,.0f} "
            f"| {of_ceiling:.3f} | {times} | {median(m.peak_mb for m in found):,.0f} MB |"
        )
    prefixes = ", ".join(f"{name} the first {min(n, load.events):,}" for name, n in PREFIX.items())
    lines += [
        "",
        f"{load.events:,} events over {load.seconds // 60} minutes of event time in 8 partitions, lz4; "
        f"{len(rounds)} rounds; {prefixes}. Every count was held against an offline one and was right.",
    ]
    return "\n".join(lines)


def delay_table(delays: Delays) -> str:
    """From the record that seals a bucket to its report."""
    cells = " | ".join(f"{delays.quantile(share):.2f} s" for share in (0.5, 0.9, 0.99, 1.0))
    return "\n".join(
        [
            "| sealed bucket to its score, live | median | 90 % | 99 % | most |",
            "|---|---:|---:|---:|---:|",
            f"| 5,000 events a second, {len(delays.seconds)} reports | {cells} |",
            "",
            "A bucket is sealed by the first clock or canary that passes its end by `allowed_delay_s` (20 s), so from",
            "the last event of a bucket to its score it takes 20 s, up to a second until the next canary, and this.",
        ]
    )


def series_table(passes: list[SeriesPass]) -> str:
    """Few to very many series in one tallies partition, with two weeks of history behind them."""
    lines = [
        "| series in a bucket | scoring them | merging, scoring, encoding the report | two weeks of history "
        "| state | peak memory |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {p.series:,} | {median(p.judged_ms):.1f} ms | {median(p.whole_ms):.0f} ms | {p.warm_up_s:.1f} s "
        f"| {p.state_bytes / p.series / 1000:.1f} kB a series | {p.peak_mb:,.0f} MB |"
        for p in passes
    ]
    return "\n".join(lines)


def place(document: str, measured: str) -> str:
    """The document with `measured` between its two marks, which it must have."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document needs the two lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{measured}\n{END}{after}"
