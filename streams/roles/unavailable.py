"""Which source partitions the brokers report unavailable for so long that nobody may wait for them any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

K = TypeVar("K")


class Unavailable(Generic[K]):
    """Watches partitions that have lost their leader. `give_up_s`: how long one may be without while others have one.

    While nobody has a leader the cluster is down, not a partition: then nothing is given up, and the time begins anew.
    A partition that is merely being caught up with has a leader, however far behind its reader is.
    """

    def __init__(self, give_up_s: float) -> None:
        self._give_up_s = give_up_s
        self._since_s: dict[K, float] = {}
        self.given_up: frozenset[K] = frozenset()

    def see(self, has_leader: Mapping[K, bool], now_s: float) -> frozenset[K]:
        """All that are given up at this moment; one that is led again is not. `now_s`: monotonic seconds.

        An empty `has_leader` says that nobody could be asked.
        """
        lost = {key for key, is_led in has_leader.items() if not is_led}
        if len(lost) == len(has_leader):
            self._since_s.clear()
        else:
            self._since_s = {key: self._since_s.get(key, now_s) for key in lost}
            self.given_up = frozenset(k for k, since_s in self._since_s.items() if now_s - since_s >= self._give_up_s)
        return self.given_up
