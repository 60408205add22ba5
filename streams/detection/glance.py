"""A glance at the direction that is not asked for: it opens nothing, but what it sees is not learnt.

Where only surges may open, twenty empty minutes before a late batch would pull the level down, and the return to normal
would open (75 of 160 late batches instead of 2). So while the CUSUM of the other direction is high, its buckets are hot
from its start on; for an hour at most, since nobody will tell when it is over, and then not again for six.

>>> glance, line, at = Glance(1), DelayLine(1), np.array([0])
>>> hot = [bool(glance.step(bucket, at, np.array([True]), np.array([100]), line)[0]) for bucket in range(102, 600)]
>>> hot.index(False) + 102
160
"""

from __future__ import annotations

import numpy as np

from streams.detection.columns import Array, Bools, Columns, Ints
from streams.detection.delay import DelayLine

FLAG_AT = 0.7  # of the threshold
FLAG_MIN = 60
IGNORE_MIN = 360


class Glance(Columns):
    """Since when the other direction is flagged (-1: it is not), and until when it is ignored."""

    PART = "glance"
    STATE = ("since", "ignored_until")

    def __init__(self, n: int) -> None:
        self.since: Ints = np.full(n, -1, np.int64)
        self.ignored_until: Ints = np.full(n, -1, np.int64)

    def step(self, bucket: int, at: Array, high: Bools, start: Array, line: DelayLine) -> Bools:
        """For the series `at`: is the CUSUM `high`, since `start`? Marks what waits; returns which buckets are hot."""
        since, free = self.since[at], bucket >= self.ignored_until[at]
        begins = high & free & (since < 0)
        since = np.where(begins, start, np.where(high, since, -1))
        tired = (since >= 0) & (bucket - since >= FLAG_MIN)
        line.mark_opposite(bucket, at[begins], start[begins])
        line.clear_opposite(at[tired])
        self.ignored_until[at[tired]] = bucket + IGNORE_MIN
        since[tired] = -1
        self.since[at] = since
        hot: Bools = since >= 0
        return hot
