"""Statements and feedback: which windows they reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, msgpack
from msgspec.structs import replace

from streams.contracts.series import FeedbackAt, StatementAt
from streams.contracts.times import DAY_MS, parse_time_ms, rfc3339
from streams.contracts.windows import Operator, Window
from streams.windows.official import effective_ms, joins, own_ms
from streams.windows.services import Catalogue
from streams.windows.state import WindowState

STATEMENTS_LIMIT = 200  # per window; who posts more than that on one outage has no more to tell, and records must end


class _Heard(Struct):
    statements: list[StatementAt]
    owned: list[int]
    obeyed: list[tuple[int, int]]
    unknown_feedback: int


class Hearing:
    """Keeps the statements of the last 24 hours, since a window that is dated back may begin before them.

    `unknown_feedback`: how much feedback named a window that does not exist, or is longer past than is kept.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._statements: dict[int, StatementAt] = {}
        self._owned: set[int] = set()  # offsets of those that belong to a window of the service they are about
        self._obeyed: dict[int, int] = {}
        self.unknown_feedback = 0

    def hear(self, at: StatementAt, windows: Mapping[str, WindowState]) -> list[str]:
        """Adds a statement to the windows that it belongs to; returns their services. A repeat is dropped."""
        if at.offset in self._statements:
            return []
        self._statements[at.offset] = at
        about = at.statement.about
        reached = [
            service for service in (about, *self._catalogue.customers(about)) if self._reaches(at, windows.get(service))
        ]
        for service in reached:
            self._add(at, windows[service])
        return reached

    def catch_up(self, window: WindowState) -> None:
        """Adds the kept statements that a window's start, as it is now dated, takes in."""
        entry = self._catalogue.services.get(window.service)
        providers = {provider.id for provider in entry.providers} if entry is not None else set()
        for _, at in sorted(self._statements.items()):
            about = at.statement.about
            own = about == window.service and (own_ms(at) >= window.started_ms or at.offset not in self._owned)
            if (own or (about in providers and about != window.service)) and self._reaches(at, window):
                self._add(at, window)

    def first_time(self, at: FeedbackAt) -> bool:
        """Whether this feedback is no repeat; asking notes it."""
        if at.offset in self._obeyed:
            return False
        self._obeyed[at.offset] = parse_time_ms(at.effective)
        return True

    def obey(self, at: FeedbackAt, window: WindowState) -> None:
        """Applies feedback to the window that it names. One that is restored takes in what was said meanwhile."""
        was_retracted = window.retracted
        window.operator = operator_of(at)
        window.retracted = retracted_by(at, window.retracted)
        if was_retracted and not window.retracted:
            self.catch_up(window)

    def expire(self, now_ms: int) -> None:
        """Forgets what can belong to no new window. Repeats do not come back so late: buckets are taken once."""
        for offset, at in list(self._statements.items()):
            if effective_ms(at) <= now_ms - DAY_MS:
                del self._statements[offset]
                self._owned.discard(offset)
        self._obeyed = {offset: time_ms for offset, time_ms in self._obeyed.items() if time_ms > now_ms - DAY_MS}

    def block(self) -> bytes:
        statements = [at for _, at in sorted(self._statements.items())]
        return msgpack.encode(
            _Heard(statements, sorted(self._owned), sorted(self._obeyed.items()), self.unknown_feedback)
        )

    def restore(self, block: bytes) -> None:
        heard = msgpack.decode(block, type=_Heard)
        self._statements = {at.offset: at for at in heard.statements}
        self._owned, self._obeyed = set(heard.owned), dict(heard.obeyed)
        self.unknown_feedback = heard.unknown_feedback

    def _reaches(self, at: StatementAt, window: WindowState | None) -> bool:
        return window is not None and not window.retracted and joins(at, window.started_ms, window.ended_ms)

    def _add(self, at: StatementAt, window: WindowState) -> None:
        if at.statement.about == window.service:
            self._owned.add(at.offset)
        known = {other.offset for other in window.statements}
        if at.offset not in known and len(known) < STATEMENTS_LIMIT:
            window.statements.append(at)


def operator_of(at: FeedbackAt) -> Operator:
    feedback = at.feedback
    return Operator(feedback.action, feedback.by, rfc3339(parse_time_ms(feedback.time)))


def retracted_by(at: FeedbackAt, retracted: bool) -> bool:
    """Whether the window is retracted after this feedback: the latest verdict in log order holds."""
    return {"false_alarm": True, "confirmed": False}.get(at.feedback.action, retracted)


def revise_archived(window: Window, feedback: Iterable[FeedbackAt], time: str) -> Window | None:
    """The next revision of a window no longer followed, after one bucket's feedback; None if nothing changed."""
    operator, retracted = window.operator, window.state == "retracted"
    for at in feedback:
        operator, retracted = operator_of(at), retracted_by(at, retracted)
    if (operator, retracted) == (window.operator, window.state == "retracted"):
        return None
    revision, was = window.revision + 1, window.state == "retracted"
    revised = replace(window, revision=revision, time=time, operator=operator, change="updated")
    if retracted and not was:
        return replace(revised, change="retracted", state="retracted")
    return replace(revised, change="restored", state="closed") if was and not retracted else revised
