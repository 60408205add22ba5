"""Judge records before they are sent, by the very code that will read them: what would be refused, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from msgspec.structs import asdict

from streams.catalogue import Catalogue
from streams.contracts.events import ErrorEvent, Event, Report
from streams.ingest.placement import record_key
from streams.ingest.refusals import Refused
from streams.tally.reading import RecordBatch, read_batch
from streams.tally.said import SaidFold, SaidTopic
from streams.tally.watermark import NO_CLOCK, ClockMode

SAID_TOPICS = ("statements", "feedback")
UNKNOWN_KEPT = 100  # names nobody knows are remembered so that each is told once; hostile input must not fill memory


@dataclass(slots=True)
class Screened:
    """What a batch comes to; positions are within it. `keys`: of the records to send, None for one that moves time.

    `late`: so many are sent although they come too late to count. `unknown`: names that nobody knows, each told once.
    """

    keys: dict[int, str | None]
    refused: list[tuple[int, Refused]]
    late: int = 0
    unknown: list[tuple[int, str]] = field(default_factory=list)


class Screen:
    """Screens the values of one input topic, in the order in which they will be sent.

    Under `clock = "broker"` the sender's clock stands for the broker's, which has the last word. Under "record" only
    clock records among the values tell the time: those that lie in the log already are not known here.
    """

    def __init__(self, topic: str, catalogue: Catalogue, mode: ClockMode, allowed_delay_ms: int) -> None:
        self._topic = topic
        self._catalogue = catalogue
        self._mode: ClockMode = mode
        self._delay_ms = allowed_delay_ms
        self._clock_ms = NO_CLOCK
        self._offset = 0
        self._unknown: set[str] = set()
        self._said: SaidFold | None = None
        if topic in SAID_TOPICS:
            self._said = SaidFold(cast(SaidTopic, topic), mode, allowed_delay_ms, catalogue)

    def judge(self, values: Sequence[bytes], now_ms: int) -> Screened:
        """Screens a batch. `now_ms`: the time at which it is sent."""
        append_ms = [now_ms] * len(values) if self._mode == "broker" else None
        batch = RecordBatch(range(self._offset, self._offset + len(values)), values, append_ms)
        reading = read_batch(self._topic, batch, self._mode, self._clock_ms, self._delay_ms)
        refused = reading.refused
        if self._said is not None:
            refused = self._said.read(batch).refused
            for _ in self._said.changed_said():
                pass  # not ours to pass on, nor to keep
        events = dict(zip(reading.positions.tolist(), reading.events, strict=True))
        events |= {position: event for position, event, _, _ in reading.late}
        not_sent = {position for position, _ in refused}
        keys = {
            position: record_key(self._topic, asdict(events[position])) if position in events else None
            for position in range(len(values))
            if position not in not_sent
        }
        late = 0 if self._said is not None else len(reading.late)  # what is said never comes too late
        self._clock_ms = reading.clock_after_ms
        self._offset += len(values)
        return Screened(keys, refused, late, list(self._new_names(events)))

    def _new_names(self, events: Mapping[int, Event]) -> Iterator[tuple[int, str]]:
        """Names of services that the catalogue does not know, each once; after UNKNOWN_KEPT no more are told."""
        for position, event in sorted(events.items(), key=lambda item: item[0]):
            if not isinstance(event, ErrorEvent | Report) or len(self._unknown) >= UNKNOWN_KEPT:
                continue
            if event.service not in self._unknown and self._catalogue.resolve(event.service) is None:
                self._unknown.add(event.service)
                yield position, event.service
