"""What windows are worth against the truth.

An outage is *found* by a window that is announced from five minutes before its start to five minutes after its end: one
that is always open finds nothing. Every other window announced in the judged time is a false open; the confounder that
lasts the shortest and holds the moment of its announcement is its cause, else, within two hours after an outage, that
outage's end (`reopen`), else nothing explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import TypeVar

from tests.bench.detection.backgrounds import DAY_MIN
from tests.bench.detection.runs import Found, Windows
from tests.bench.detection.series import Bench, Span, Truth

SLACK_MIN = 5
AFTERMATH_MIN = 120
LASTING = ("weekend", "growth")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One outage and what was made of it; errors and delay in minutes, None where it was missed."""

    shape: str
    level: float
    found: bool
    overlap: float = 0.0  # intersection over union with what found it
    delay: int | None = None
    start_error: int | None = None
    end_error: int | None = None
    windows: int = 0


@dataclass(slots=True)
class Card:
    """All verdicts and false opens of some series."""

    weeks: float = 0.0
    verdicts: list[Verdict] = field(default_factory=list)
    causes: list[tuple[str, float]] = field(default_factory=list)  # of each false open: cause, level
    met: list[tuple[str, bool, float]] = field(default_factory=list)  # of each confounder: kind, opened, weeks
    weeks_of_level: dict[float, float] = field(default_factory=dict)

    def recall(self) -> float:
        """The mean over shapes, so that none counts more for being frequent."""
        shapes = sorted({verdict.shape for verdict in self.verdicts})
        return fmean(self.recall_of(shape) for shape in shapes) if shapes else float("nan")

    def recall_of(self, what: str | float) -> float:
        """Of one shape, or at one level."""
        chosen = [verdict.found for verdict in self.verdicts if what in (verdict.shape, verdict.level)]
        return fmean(chosen) if chosen else float("nan")

    def found(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.found]

    def median_of(self, name: str) -> float:
        """`delay`, or the size of `start_error` or `end_error`, over what was found."""
        values = [abs(getattr(verdict, name)) for verdict in self.found()]
        return median(values) if values else float("nan")

    def overlap(self) -> float:
        """Mean over all outages, 0 where missed."""
        return fmean(verdict.overlap for verdict in self.verdicts) if self.verdicts else float("nan")

    def fragments(self) -> float:
        """Windows to an outage found; 1 is right."""
        return fmean(verdict.windows for verdict in self.found()) if self.found() else float("nan")

    def false_a_week(self, level: float | None = None) -> float:
        """Of a series, confounders included."""
        if level is None:
            return len(self.causes) / self.weeks
        return sum(at == level for _, at in self.causes) / self.weeks_of_level[level]

    def unexplained_a_week(self) -> float:
        return sum(cause in ("nothing", "reopen") for cause, _ in self.causes) / self.weeks

    def reopens(self) -> float:
        """Windows in the two hours after an outage, to an outage found."""
        return sum(cause == "reopen" for cause, _ in self.causes) / max(len(self.found()), 1)

    def opened(self, kind: str) -> tuple[int, int]:
        """Confounders in which a false window opened, and how many there were."""
        hits = [opened for what, opened, _ in self.met if what == kind]
        return sum(hits), len(hits)

    def a_week_of(self, kind: str) -> float:
        """False opens a week while a lasting confounder lasts."""
        weeks = sum(weeks for what, _, weeks in self.met if what == kind)
        return sum(cause == kind for cause, _ in self.causes) / weeks if weeks else float("nan")


def score(bench: Bench, windows: Windows, sign: int) -> Card:
    """The card of all series whose outages are surges (`sign` +1) or drops (-1)."""
    card = Card()
    for truth, found in zip(bench.truths, windows, strict=True):
        if truth.sign == sign:
            weeks = bench.weeks()
            card.weeks += weeks
            card.weeks_of_level[truth.level] = card.weeks_of_level.get(truth.level, 0.0) + weeks
            _judge(card, truth, sorted(found), bench.judged_from)
    return card


def _judge(card: Card, truth: Truth, windows: list[Found], judged_from: int) -> None:
    left = list(windows)
    for outage in sorted(truth.outages, key=lambda span: span.first):
        hits = [w for w in left if outage.first - SLACK_MIN <= w.detected <= outage.last + SLACK_MIN]
        left = [w for w in left if w not in hits]
        card.verdicts.append(_verdict(outage, truth.level, hits))
    spans = sorted(truth.confounders, key=lambda span: span.last - span.first)
    touched = set()
    for window in left:
        if window.detected < judged_from:
            continue
        at = next((i for i, span in enumerate(spans) if span.first <= window.detected <= span.last), None)
        after = any(o.last + SLACK_MIN < window.detected <= o.last + AFTERMATH_MIN for o in truth.outages)
        cause = spans[at].what if at is not None else "reopen" if after else "nothing"
        touched.add(at)
        card.causes.append((cause, truth.level))
    card.met += [(s.what, i in touched, (s.last - s.first + 1) / (7 * DAY_MIN)) for i, s in enumerate(spans)]


def _verdict(outage: Span, level: float, hits: list[Found]) -> Verdict:
    if not hits:
        return Verdict(outage.what, level, found=False)
    shared = sum(max(0, min(w.ended, outage.last) - max(w.started, outage.first) + 1) for w in hits)
    covered = sum(w.ended - w.started + 1 for w in hits)
    return Verdict(
        outage.what,
        level,
        found=True,
        overlap=shared / (outage.last - outage.first + 1 + covered - shared),
        delay=max(0, min(w.detected for w in hits) - outage.first),
        start_error=hits[0].started - outage.first,
        end_error=hits[-1].ended - outage.last,
        windows=len(hits),
    )


def best_at(cards: Mapping[Key, Card], false_a_week: float) -> tuple[Key, Card]:
    """The setting that finds most while it opens falsely at most so often; if none does, the one that does least."""
    within = {key: card for key, card in cards.items() if card.false_a_week() <= false_a_week}
    if within:
        return max(within.items(), key=lambda item: item[1].recall())
    return min(cards.items(), key=lambda item: item[1].false_a_week())
