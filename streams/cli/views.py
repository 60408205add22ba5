"""What a demo looks like: plain lines, or a live view on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from streams.contracts.series import BucketReport
from streams.contracts.windows import Window
from streams.replay.scenario import Scenario
from streams.roles.demo import View
from streams.windows.story import story_line


@contextmanager
def view_of(out: TextIO, scenario: Scenario) -> Iterator[View]:
    """The view for where the output goes."""
    if out.isatty():
        from streams.cli.live_view import LiveView

        with LiveView(scenario) as view:
            yield view
    else:
        yield PlainView(out)


class PlainView:
    """One line at a time, for logs and pipes."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._newest: dict[str, Window] = {}

    def say(self, line: str) -> None:
        print(line, file=self._out, flush=True)

    def clock(self, time_ms: int) -> None:
        """Time passes in the story's own lines."""

    def bucket(self, report: BucketReport) -> None:
        """Single buckets would drown the story."""

    def window(self, window: Window) -> None:
        self.say(story_line(window, self._newest.get(window.window)))
        self._newest[window.window] = window
