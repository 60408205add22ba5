"""Joins both signals' buckets, statements and feedback into windows, and publishes their revisions.

A pure function of the whole buckets it takes: no clock, no order of arrival, no order of hashing.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import msgpack

from streams.contracts.events import SIGNALS
from streams.contracts.series import FeedbackAt
from streams.contracts.times import BUCKET_MS, bucket_start
from streams.contracts.windows import Window
from streams.windows.alignment import WholeBucket
from streams.windows.cause.customers import CustomersSeen, customers_seen, seen_from
from streams.windows.hearing import Hearing, revise_archived
from streams.windows.judgement import judge
from streams.windows.lifecycle import advance, continues, evidence_begins, joint_leans
from streams.windows.official import JOINS_AFTER_MS
from streams.windows.past import Past, PastWindow
from streams.windows.recording import record
from streams.windows.revision import write
from streams.windows.ring import Ring
from streams.windows.services import Catalogue
from streams.windows.shelf import Shelf
from streams.windows.sightings import BucketView
from streams.windows.state import WindowState, new_window

# Blocks whose names begin so never change: a snapshot need write them only once.
IMMUTABLE_BLOCKS = ("ring/", "roster/", "archive/")
# A closed window is followed as long as a statement may join it; half an hour more for what is under way then.
FOLLOWED_MS = JOINS_AFTER_MS + 30 * 60_000
TOGETHER_BUCKETS = 60  # customers of one provider that fail within an hour of each other may have failed with it


class Correlator:
    """All windows. Whole buckets go in, in order; at most one revision per window comes out of each."""

    def __init__(self, catalogue: Catalogue, prefix: str) -> None:
        self.prefix = prefix
        self._catalogue = catalogue
        self._ring = Ring()
        self._shelf = Shelf()
        self._past = Past()
        self._hearing = Hearing(catalogue)
        self._windows: dict[str, WindowState] = {}  # by service: its newest window

    @property
    def unknown_feedback(self) -> int:
        """Feedback so far on windows that do not exist, or that ended more than a month ago."""
        return self._hearing.unknown_feedback

    def take(self, whole: WholeBucket) -> list[Window]:
        """The revisions of this bucket, by window id."""
        self._ring.append(whole)
        view = BucketView(whole, self._ring)
        for signal, detail in view.details():
            self._shelf.put(signal, detail)
        touched = {service for service, window in self._windows.items() if window.closed is None} | view.named()
        for service in sorted(touched):
            self._follow(service, view)
        self._watch_customers(view)
        for statement in view.statements():
            touched.update(self._hearing.hear(statement, self._windows))
        archived = self._obey(view.feedback(), touched)
        revisions = self._publish(touched, whole.bucket) + self._revise(archived, whole.bucket)
        self._expire(whole.bucket)
        return sorted(revisions, key=lambda revision: revision.window)

    def open_windows(self) -> list[Window]:
        """The newest revision of every open window, by window id: what a new owner publishes again."""
        newest = (window.published for window in self._windows.values() if window.closed is None)
        return sorted((w for w in newest if w is not None and w.state == "open"), key=lambda w: w.window)

    def snapshot(self) -> dict[str, bytes]:
        """Everything, as named blocks; see IMMUTABLE_BLOCKS."""
        windows = {f"window/{w.id}": msgpack.encode(w) for w in self._windows.values()}
        heard = {"hearing": self._hearing.block(), "shelf": self._shelf.block()}
        return dict(sorted((windows | heard | self._past.blocks() | self._ring.blocks()).items()))

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        """Goes on exactly where `snapshot` was taken. Blocks of other names are left alone."""
        self._hearing.restore(blocks["hearing"])
        self._shelf.restore(blocks["shelf"])
        self._past.restore(blocks)
        self._ring.restore(blocks)
        decoded = (
            msgpack.decode(blocks[name], type=WindowState) for name in sorted(blocks) if name.startswith("window/")
        )
        self._windows = {window.service: window for window in decoded}

    def _follow(self, service: str, view: BucketView) -> None:
        """Opens, advances, closes and reopens the service's window."""
        sightings = {signal: view.sighting(service, signal) for signal in SIGNALS}
        leans = joint_leans(sightings, view.bucket)
        window = self._windows.get(service)
        if window is None or window.closed is not None:
            begins = evidence_begins(sightings, leans, window)
            if begins is None:
                return
            if window is None or not continues(window, begins):
                window = self._open(service, begins, view.bucket)
            window.closed = None
        started = window.started
        advance(window, sightings, leans, view.bucket)
        record(window, self._ring, view.bucket)
        for signal in SIGNALS:
            traces = window.of(signal)
            if any(trace.is_open for trace in traces):
                elevated = max(trace.last_elevated for trace in traces)
                self._shelf.hand_over(service, signal, window.tracks[signal].gathered, window.started, elevated)
        if window.published is None or window.started < started:
            self._hearing.catch_up(window)
        if not window.evidence_open:
            window.closed = view.bucket

    def _open(self, service: str, begins: int, now: int) -> WindowState:
        """A new window; it never begins before the end of the one before it."""
        known = self._windows.pop(service, None)
        if known is not None and known.published is not None:
            self._past.archive(known.published, known.ended_ms or 0)
        ended_ms = self._past.last_end_ms(service)
        floor = 0 if ended_ms is None else ended_ms // BUCKET_MS
        started = max(begins, floor)
        window = new_window(window_id(service, started), service, started, now, floor)
        self._windows[service] = window
        return window

    def _watch_customers(self, view: BucketView) -> None:
        """How the other customers of each open window's providers fare, counted once a provider and bucket."""
        counted: dict[str, CustomersSeen] = {}
        expected: dict[str, float] = {}
        for service, window in sorted(self._windows.items()):
            entry = self._catalogue.services.get(service)
            if entry is None or not self._is_open(service):
                continue
            for provider in (provider.id for provider in entry.providers):
                if provider not in counted:
                    expected = expected or self._ring.expected(view.bucket)
                    customers = self._catalogue.customers(provider)
                    counted[provider] = customers_seen(customers, expected, self._is_open, view.bucket)
                together = {o for o in counted[provider].affected if o != service and self._together(o, window)}
                before, watched = window.customers.get(provider), view.bucket - window.opened
                window.customers[provider] = seen_from(counted[provider], together, before, watched)

    def _is_open(self, service: str) -> bool:
        window = self._windows.get(service)
        return window is not None and window.closed is None and not window.retracted

    def _together(self, other: str, window: WindowState) -> bool:
        return abs(self._windows[other].started - window.started) <= TOGETHER_BUCKETS

    def _obey(self, feedback: list[FeedbackAt], touched: set[str]) -> dict[str, list[FeedbackAt]]:
        """Applies feedback; returns that on windows no longer followed, by window."""
        archived: dict[str, list[FeedbackAt]] = {}
        for at in feedback:
            if not self._hearing.first_time(at):
                continue
            named = at.feedback.window
            service = named.rpartition("-")[0]
            window = self._windows.get(service)
            if window is not None and window.id == named:
                self._hearing.obey(at, window)
                touched.add(service)
            elif self._past.archived(named) is not None:
                archived.setdefault(named, []).append(at)
            else:
                self._hearing.unknown_feedback += 1
        return archived

    def _publish(self, touched: set[str], now: int) -> list[Window]:
        revisions = []
        for service in sorted(touched):
            window = self._windows.get(service)
            if window is None:
                continue
            self._remember(window)
            entry = self._catalogue.services.get(service)
            judgement = judge(window, entry, now)
            if judgement.change is None:
                continue
            window.noted, window.revision = judgement.noted, window.revision + 1
            culprit = self._windows.get(judgement.cause.of or "")
            if culprit is not None and judgement.cause.verdict in ("provider", "dependency"):
                judgement.cause.window = culprit.id
            previous = self._past.previous(service, window.id, window.started_ms)
            window.published = write(window, judgement.change, now, entry, judgement.cause, previous)
            revisions.append(window.published)
        return revisions

    def _remember(self, window: WindowState) -> None:
        if window.closed is None or window.ended_ms is None:
            self._past.forget(window.service, window.id)
        else:
            past = PastWindow(window.id, window.started_ms, window.ended_ms, window.retracted)
            self._past.note(window.service, past)

    def _revise(self, archived: Mapping[str, list[FeedbackAt]], now: int) -> list[Window]:
        revisions = []
        for window_id_, feedback in sorted(archived.items()):
            known = self._past.archived(window_id_)
            revised = None if known is None else revise_archived(known, feedback, bucket_start(now + 1))
            if revised is not None:
                self._past.revise(revised)
                revisions.append(revised)
        return revisions

    def _expire(self, now: int) -> None:
        now_ms = (now + 1) * BUCKET_MS
        for service, window in list(self._windows.items()):
            ended_ms = window.ended_ms
            if window.closed is not None and ended_ms is not None and now_ms > ended_ms + FOLLOWED_MS:
                if window.published is not None:
                    self._past.archive(window.published, ended_ms)
                del self._windows[service]
        self._hearing.expire(now_ms)
        self._shelf.expire(now)
        self._past.expire(now_ms)


def window_id(service: str, started: int) -> str:
    """`twitter-20220714T115900Z`: the service and when the outage began, as known when the window opens."""
    begin = bucket_start(started)
    return f"{service}-{begin[:19].replace('-', '').replace(':', '')}Z"
