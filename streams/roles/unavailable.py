"""Which source partitions the brokers report unavailable for so long that nobody may wait for them any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

K = TypeVar("K")


class Unavailable(Generic[K]):
    """Watches partitions that have lost their leader. `give_up_s`: how long one may be without while others have one.

    While nobody has a leader the cluster is down, not a partition: then nothing is given up, and the time begins anew.
    Which partitions merely catch up is not known here, and does not matter: those have a leader.
    """

    def __init__(self, give_up_s: float) -> None:
        self._give_up_s = give_up_s
        self._since_s: dict[K, float] = {}
        self.given_up: frozenset[K] = frozenset()

    def see(self, has_leader: Mapping[K, bool], now_s: float) -> list[K]:
        """The partitions to give up now, in the order given. `now_s`: monotonic seconds."""
        lost = [key for key, led in has_leader.items() if not led]
        if len(lost) == len(has_leader):
            self._since_s.clear()
            return []
        self._since_s = {key: self._since_s.get(key, now_s) for key in lost}
        due = {key for key, since_s in self._since_s.items() if now_s - since_s >= self._give_up_s}
        new = [key for key in lost if key in due and key not in self.given_up]
        self.given_up = frozenset(due)
        return new
