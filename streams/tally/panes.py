"""What one pane of one source partition holds: counts per service and region, and what else travels, as joins.

Everything here may be counted again from the start of the pane with the same result, and a part of it is never more
than the whole: maxima of counters, sets of registers, the first texts in log order.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.contracts.events import OTHER, Report
from streams.contracts.sketches import add, hash64, pack
from streams.contracts.tallies import Row, TextTally
from streams.ingest.masking import masked
from streams.tally.ids import SeenIds

MAX_DISTINCT = 100  # texts, kinds, sources or dependencies of a service and pane; what comes after them is `other`
WHO_KEPT = 5  # so many distinct reporters make a text public; more need not be remembered
MAX_LABEL_CHARS = 100  # longer names of kinds, sources and dependencies are cut


class ServicePane:
    """One service in one pane."""

    __slots__ = ("changed", "dependencies", "kinds", "late", "people", "regions", "scenario", "sources", "texts")

    def __init__(self) -> None:
        self.regions: dict[str, int] = {}
        self.kinds: dict[str, int] = {}
        self.sources: dict[str, int] = {}
        self.dependencies: dict[str, int] = {}
        self.texts: dict[tuple[str, str | None], TextTally] = {}
        self.people: dict[int, int] = {}
        self.late = 0
        self.scenario: str | None = None
        self.changed = True

    def text(self, text: str, lang: str | None, count: int, who: int | None) -> None:
        """Counts a text, masked; the first hundred distinct ones of the pane by name."""
        key = (masked(text), tidied(lang) if lang else None)
        if not key[0]:
            return  # nothing but control signs: no text
        if key not in self.texts and len(self.texts) >= MAX_DISTINCT:
            key = (OTHER, None)
        held = self.texts.get(key)
        if held is None:
            held = self.texts[key] = TextTally(key[0], key[1], 0, [])
        held.count += count
        if who is not None and who not in held.who:
            held.who = sorted([*held.who, who])[:WHO_KEPT]

    def row(self, pane: int, service: str) -> Row:
        """All of it, cumulative, as it goes to `tallies`."""
        texts = [TextTally(t.text, t.lang, t.count, list(t.who)) for t in self.texts.values()]
        return Row(
            pane,
            service,
            dict(self.regions),
            self.late,
            dict(self.kinds),
            dict(self.sources),
            dict(self.dependencies),
            texts,
            pack(self.people) if self.people else b"",
            self.scenario,
        )


class Pane:
    """All services in one pane, and the ids seen in it. `muted`: published whole before a restart; never again."""

    __slots__ = ("clock_before_ms", "error_ids", "first_offset", "ids", "index", "muted", "services")

    def __init__(self, index: int, first_offset: int, clock_before_ms: int, *, muted: bool) -> None:
        self.index = index
        self.first_offset = first_offset
        self.clock_before_ms = clock_before_ms
        self.muted = muted
        self.services: dict[str, ServicePane] = {}
        self.ids: set[str] = set()  # of reports
        self.error_ids = SeenIds()

    def service(self, service: str) -> ServicePane:
        held = self.services.get(service)
        if held is None:
            held = self.services[service] = ServicePane()
        held.changed = True
        return held

    def is_repeat(self, id: str | None) -> bool:
        """Whether this id was seen in the pane before; from now on, yes. No id, or an empty one, is never a repeat."""
        if not id:
            return False
        before = len(self.ids)
        self.ids.add(id)
        return len(self.ids) == before

    def add_report(self, service: str | None, region: str, event: Report) -> None:
        """Counts one report that is nobody's second in its quarter of an hour."""
        count = 1 if event.reporter else event.count or 1
        held = self.service(service or OTHER)
        bump(held.regions, region, count)
        held.scenario = held.scenario or (tidied(event.scenario) if event.scenario else None)
        if service is None:
            return
        who = hash64(event.reporter) if event.reporter else None
        _bump_label(held.kinds, event.symptom, count)
        _bump_label(held.sources, event.source, count)
        if event.text:
            held.text(event.text, event.lang, count, who)
        if who is not None:
            add(held.people, who)

    def changed_rows(self) -> Iterable[tuple[str, Row]]:
        """Rows of the services that changed since the last call."""
        if self.muted:
            return
        for service, held in self.services.items():
            if held.changed:
                held.changed = False
                yield service, held.row(self.index, service)


def bump(counts: dict[str, int], key: str, count: int) -> None:
    """Counts so many more under a key."""
    counts[key] = counts.get(key, 0) + count


def bump_tidied(counts: dict[str, int], name: str, count: int) -> None:
    """Counts so many more under a name that is tidied already; beyond the first hundred names under `other`."""
    bump(counts, name if name in counts or len(counts) < MAX_DISTINCT else OTHER, count)


def _bump_label(counts: dict[str, int], label: str | None, count: int) -> None:
    if label:
        bump_tidied(counts, tidied(label), count)


def tidied(label: str) -> str:
    """A short name as one line; names of things are not masked, only cut and tidied."""
    return masked_label(label[:MAX_LABEL_CHARS])


def masked_label(label: str) -> str:
    """A short name as one line; names of things are not masked, only tidied."""
    return label if label.isprintable() else " ".join("".join(c if c.isprintable() else " " for c in label).split())
