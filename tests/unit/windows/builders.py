"""Timelines as data: a service's counts minute by minute become bucket reports, those become revisions.

`Minute` is what one signal says of one service in one bucket; `play` runs a timeline of them through the core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from streams.contracts import sketches
from streams.contracts.events import SIGNALS, Feedback, FeedbackAction, Signal, Statement, StatementStatus
from streams.contracts.series import (
    BaselineState,
    BucketReport,
    Detail,
    Direction,
    FeedbackAt,
    Leaning,
    SeriesRecord,
    SeriesState,
    StatementAt,
    TextCount,
)
from streams.contracts.times import bucket_of, bucket_start
from streams.contracts.windows import Window
from streams.windows.alignment import Alignment
from streams.windows.correlator import Correlator

NOON = bucket_of("2022-07-14T12:00:00Z")


def clock(text: str) -> str:
    """`12:01` on the day of the tests, as published."""
    return f"2022-07-14T{text}:00.000Z"


def minute(text: str) -> int:
    """The bucket that begins at `12:01`."""
    return bucket_of(f"2022-07-14T{text}:00Z")


@dataclass(frozen=True)
class FakeProvider:
    id: str
    role: str | None = None


@dataclass(frozen=True)
class FakeMaintenance:
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class FakeService:
    providers: tuple[FakeProvider, ...] = ()
    dependencies: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    maintenance: tuple[FakeMaintenance, ...] = ()


@dataclass(frozen=True)
class FakeCatalogue:
    services: Mapping[str, FakeService]

    def customers(self, provider_id: str, /) -> tuple[str, ...]:
        return tuple(sorted(name for name, s in self.services.items() if any(p.id == provider_id for p in s.providers)))


@dataclass(frozen=True)
class Minute:
    """One signal of one service in one bucket. `open`: series that are open, by region (None: the whole)."""

    count: int = 3
    expected: float = 3.0
    states: tuple[SeriesState, ...] = ()
    lean: Leaning | None = None
    detail: Detail | None = None
    score: float = 0.5
    late: int = 0
    baseline: BaselineState = "ready"
    days: int = 14
    absent: bool = False


@dataclass
class Timeline:
    """Buckets from `first` on; what is not said is a usual minute. `partition_of`: 0 for who is not named."""

    first: int
    last: int
    services: Sequence[str] = ("twitter",)
    partitions: int = 1
    partition_of: Mapping[str, int] = field(default_factory=dict)
    minutes: dict[tuple[str, Signal, int], Minute] = field(default_factory=dict)
    blind: set[tuple[Signal, int]] = field(default_factory=set)
    incomplete: set[tuple[Signal, int]] = field(default_factory=set)
    statements: dict[int, list[StatementAt]] = field(default_factory=dict)
    feedback: dict[int, list[FeedbackAt]] = field(default_factory=dict)
    absent: set[tuple[str, Signal]] = field(default_factory=set)

    def outage(
        self,
        signal: Signal,
        counts: Sequence[int],
        start: int,
        *,
        service: str = "twitter",
        detected: int | None = None,
        closes: int | None = None,
        direction: Direction = "surge",
        region: str | None = None,
        evidence: float = 40.0,
        expected: float = 3.0,
        elevated: int | None = None,
        details: bool = True,
        states: bool = True,
    ) -> Timeline:
        """One series that is out of bounds from `start` on, with these counts.

        Open from bucket `detected` (default: the third) until it closes in bucket `closes` (default: never), dated back
        to the last of the counts, or to bucket `elevated`.
        """
        detected = start + 2 if detected is None else detected
        last = start + len(counts) - 1 if elevated is None else elevated
        for bucket in range(start, (self.last if closes is None else closes) + 1):
            known = self.minutes.get((service, signal, bucket), Minute(expected=expected))
            offset = bucket - start
            count = counts[offset] if offset < len(counts) else known.count
            found = list(known.states)
            if states and bucket >= detected:
                closing = bucket == closes
                found.append(
                    SeriesState(
                        service=service,
                        direction=direction,
                        state="closed" if closing else "open",
                        started=bucket_start(start),
                        detected=bucket_start(detected),
                        evidence=evidence,
                        region=region,
                        elevated=bucket <= last,
                        ended=bucket_start(last) if closing else None,
                    )
                )
            out = count if offset < len(counts) or region is None else known.count
            detail = known.detail or (detail_of(service, bucket, out) if details and bucket <= last else None)
            score = 12.0 if bucket <= last else known.score
            self.minutes[service, signal, bucket] = Minute(out, expected, tuple(found), None, detail, score)
        return self

    def lean(
        self, signal: Signal, start: int, last: int, evidence: float, count: int = 12, direction: Direction = "surge"
    ) -> Timeline:
        for bucket in range(start, last + 1):
            lean = Leaning("twitter", direction, bucket_start(start), evidence)
            self.minutes["twitter", signal, bucket] = Minute(count, lean=lean)
        return self

    def say(
        self,
        status: StatementStatus,
        time: str,
        *,
        offset: int,
        effective: str | None = None,
        about: str = "twitter",
        cause: str | None = None,
        by: str | None = "@TwitterSupport",
    ) -> Timeline:
        """A statement of `time`, which takes effect at `effective` (default: then)."""
        when = effective or time
        statement = Statement(about=about, time=clock(time), status=status, by=by, cause=cause)
        self.statements.setdefault(minute(when), []).append(StatementAt(clock(when), offset, statement))
        return self

    def judge(self, action: FeedbackAction, time: str, window: str, *, offset: int) -> Timeline:
        feedback = Feedback(window=window, action=action, by="ops", time=clock(time))
        self.feedback.setdefault(minute(time), []).append(FeedbackAt(clock(time), offset, feedback))
        return self

    def reports(self) -> list[BucketReport]:
        """In order of bucket, signal and partition."""
        return [
            self._report(bucket, signal, partition)
            for bucket in range(self.first, self.last + 1)
            for signal in SIGNALS
            for partition in range(self.partitions)
        ]

    def _report(self, bucket: int, signal: Signal, partition: int) -> BucketReport:
        own = [service for service in self.services if self.partition_of.get(service, 0) == partition]
        told = [self.minutes.get((service, signal, bucket), Minute()) for service in own]
        first = partition == 0
        return BucketReport(
            partition=partition,
            partitions=self.partitions,
            signal=signal,
            bucket=bucket_start(bucket),
            bucket_s=60,
            services=own,
            observed=[one.count for one in told],
            expected=[one.expected for one in told],
            lower=[0.0 for one in told],
            upper=[3 * one.expected for one in told],
            score=[one.score for one in told],
            states=[state for one in told for state in one.states],
            leaning=[one.lean for one in told if one.lean is not None],
            details=[one.detail for one in told if one.detail is not None],
            late={service: one.late for service, one in zip(own, told, strict=True) if one.late},
            baseline={s: one.baseline for s, one in zip(own, told, strict=True) if one.baseline != "ready"},
            baseline_days={s: one.days for s, one in zip(own, told, strict=True) if one.days != 14},
            absent=[service for service in own if (service, signal) in self.absent],
            statements=self.statements.get(bucket, []) if first else [],
            feedback=self.feedback.get(bucket, []) if first else [],
            blind=(signal, bucket) in self.blind,
            incomplete=(signal, bucket) in self.incomplete,
        )


def detail_of(service: str, bucket: int, count: int, region: str = "US") -> Detail:
    people: dict[int, int] = {}
    for number in range(count):
        sketches.add(people, sketches.hash64(f"{service}-{bucket}-{number}"))
    who = [sketches.hash64(f"{service}-{bucket}-{number}") for number in range(min(count, 5))]
    return Detail(
        service=service,
        bucket=bucket_start(bucket),
        regions={region: count - count // 4, "GB": count // 4} if count >= 4 else {region: count},
        expected={region: 2.0, "GB": 1.0},
        kinds={"app": count - count // 3, "website": count // 3},
        sources={"web": count},
        texts=[TextCount("Tweets aren't loading right now.", count, "en", sorted(who))],
        people=sketches.pack(people),
    )


TWITTER = FakeCatalogue({"twitter": FakeService(regions=("US", "GB", "IN"))})


def play(
    records: Timeline | Iterable[SeriesRecord], catalogue: FakeCatalogue = TWITTER, correlator: Correlator | None = None
) -> list[Window]:
    """Every revision, in order."""
    correlator = correlator or Correlator(catalogue, "outages.")
    alignment = Alignment()
    offered = records.reports() if isinstance(records, Timeline) else records
    return [revision for record in offered for whole in alignment.offer(record) for revision in correlator.take(whole)]


def story(revisions: Iterable[Window]) -> list[tuple[str, str]]:
    """Change and time of each revision: `("opened", "12:03")`."""
    return [(revision.change, revision.time[11:16]) for revision in revisions]
