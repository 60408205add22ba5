"""What one witness of a window told in detail: regions, kinds, texts, sources, people, summed over buckets.

The newest buckets are kept apart, because the end of an outage is dated back: what lies after it is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from streams.contracts import sketches
from streams.contracts.events import OTHER
from streams.contracts.series import Detail
from streams.contracts.times import bucket_of

# Buckets up to half an hour before the last elevated one are summed for good: ends are seldom dated back further behind
# it. What follows is kept apart, for as long as a detector may take to see the end; it is little by then.
RECENT_BUCKETS = 30
KEPT_BUCKETS = 720
TEXTS_KEPT = 500  # distinct texts per witness; past twice as many the rarest go, which could hardly reach the top ten
NAMES_KEPT = 500  # symptoms, sources, dependencies: open lists that anybody can lengthen; what comes later is `other`
WHO_NEEDED = 5  # distinct reporters from which on a text is public


class RegionSum(Struct, array_like=True, gc=False):
    """`highest`, `lowest`: the largest and the smallest count of one bucket. `expected` None: not judged by itself."""

    count: int
    expected: float | None
    highest: int
    lowest: int


class TextSum(Struct, array_like=True, gc=False):
    """A text in one language. `who`: hashes of at most five of its reporters."""

    text: str
    lang: str | None
    count: int
    who: list[int]


class Sums(Struct):
    """Everything joined. Within the limits above no sum depends on the order of the details."""

    events: int = 0
    regions: dict[str, RegionSum] = {}
    kinds: dict[str, int] = {}
    sources: dict[str, int] = {}
    dependencies: dict[str, int] = {}
    texts: dict[str, TextSum] = {}
    people: dict[int, int] = {}
    scenario: str | None = None

    def copy(self) -> Sums:
        return replace(
            self,
            regions={name: replace(region) for name, region in self.regions.items()},
            kinds=dict(self.kinds),
            sources=dict(self.sources),
            dependencies=dict(self.dependencies),
            texts={key: replace(text) for key, text in self.texts.items()},
            people=dict(self.people),
        )

    def add(self, detail: Detail) -> None:
        """Joins one bucket's detail in."""
        self.events += sum(detail.regions.values())
        for name, count in sorted(detail.regions.items()):
            self._add_region(name, count, detail.expected.get(name))
        for into, counts in (
            (self.kinds, detail.kinds),
            (self.sources, detail.sources),
            (self.dependencies, detail.dependencies),
        ):
            for name, count in sorted(counts.items()):
                kept = name if name in into or len(into) < NAMES_KEPT else OTHER
                into[kept] = into.get(kept, 0) + count
        for text in detail.texts:
            if text.text != OTHER:  # not a text: all those past the limit of one pane
                self._add_text(text.text, text.lang, text.count, text.who)
        if len(self.texts) > 2 * TEXTS_KEPT:
            self.texts = {_key(text.text, text.lang): text for text in by_count(self.texts.values())[:TEXTS_KEPT]}
        sketches.merge(self.people, detail.people)
        self.scenario = min((s for s in (self.scenario, detail.scenario) if s is not None), default=None)

    def _add_region(self, name: str, count: int, expected: float | None) -> None:
        known = self.regions.get(name)
        if known is None:
            self.regions[name] = RegionSum(count, expected, count, count)
            return
        known.count += count
        known.highest, known.lowest = max(known.highest, count), min(known.lowest, count)
        if expected is not None:
            known.expected = expected + (known.expected or 0.0)

    def _add_text(self, text: str, lang: str | None, count: int, who: Iterable[int]) -> None:
        known = self.texts.setdefault(_key(text, lang), TextSum(text, lang, 0, []))
        known.count += count
        known.who = sorted({*known.who, *who})[:WHO_NEEDED]


class Gathered(Struct):
    """The details of one witness. `span`: first and last bucket taken; a repeat within it is dropped."""

    settled: Sums
    recent: list[Detail] = []
    span: tuple[int, int] | None = None

    def take(self, detail: Detail, elevated: int) -> None:
        """Takes one bucket's detail, in order, or from before the first (a window dated back).

        `elevated`: the last elevated bucket so far.
        """
        bucket = bucket_of(detail.bucket)
        if self.span is None or bucket > self.span[1]:
            self.span = (bucket if self.span is None else self.span[0], bucket)
            self.recent.append(detail)
        elif bucket < self.span[0]:
            self.settled.add(detail)
        settled = max(elevated - RECENT_BUCKETS, self.span[1] - KEPT_BUCKETS)
        while self.recent and bucket_of(self.recent[0].bucket) <= settled:
            self.settled.add(self.recent.pop(0))

    def begin_at(self, bucket: int) -> None:
        """From here on what lies before `bucket` has been taken."""
        if self.span is not None:
            self.span = (min(self.span[0], bucket), self.span[1])

    def summed(self, last: int) -> Sums:
        """The sums up to and with bucket `last`."""
        sums = self.settled.copy()
        for detail in self.recent:
            if bucket_of(detail.bucket) <= last:
                sums.add(detail)
        return sums


def by_count(texts: Iterable[TextSum]) -> list[TextSum]:
    """The most frequent first, equal ones by text and language."""
    return sorted(texts, key=lambda text: (-text.count, text.text, text.lang or ""))


def _key(text: str, lang: str | None) -> str:
    return f"{lang or ''}\n{text}"  # no language code holds a line break
