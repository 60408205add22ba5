"""alert: a Faust agent on `windows`, which writes `alerts`. First form: the topic is the only sink."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from streams.agents.core import Output
from streams.alerts.book import AlertBook, Told
from streams.alerts.cloudevents import encode
from streams.windows.cloudevents import CONTENT_TYPE, decode

HEADERS = (("content-type", CONTENT_TYPE.encode()),)


class AlertCore:
    """Window revisions in, alerts out. `on_alert` sees each before it is published, for metrics."""

    def __init__(self, prefix: str, on_alert: Callable[[Told], None] = lambda _: None) -> None:
        self.book = AlertBook()
        self._prefix = prefix
        self._on_alert = on_alert

    def begin(self) -> Iterable[Output]:
        return ()

    def read(self, value: bytes) -> Iterator[Output]:
        told = self.book.take(decode(value).data)
        if told is not None:
            self._on_alert(told)
            yield Output("alerts", told.alert.alert.encode(), encode(told, self._prefix), headers=HEADERS)

    def idle(self, now_s: float) -> Iterable[Output]:
        return ()

    def snapshot(self) -> dict[str, bytes]:
        return self.book.snapshot()

    def restore(self, blocks: Mapping[str, bytes]) -> None:
        self.book.restore(dict(blocks))
