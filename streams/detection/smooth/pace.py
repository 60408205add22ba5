"""Times in buckets of any length: what is meant in minutes, but never fewer buckets than it takes to average."""

from __future__ import annotations

from dataclasses import dataclass

DAY_MIN = 1440
SLOT_MIN = 5  # of the time of day: a job's few minutes, and a profile of 288 numbers a series
# What a slot has shown is written only when so many more have passed: it is for tomorrow and must not bend today.
WAITING_SLOTS = 4


@dataclass(frozen=True, slots=True)
class Pace:
    """Of buckets of `bucket_min` minutes. Raises ValueError unless they divide a day."""

    bucket_min: int = 1

    def __post_init__(self) -> None:
        if self.bucket_min < 1 or DAY_MIN % self.bucket_min:
            raise ValueError(f"buckets of {self.bucket_min} minutes do not divide a day")

    def buckets(self, minutes: float, least: float) -> float:
        """So many minutes in buckets, at least `least`.

        >>> Pace(1).buckets(30, 4), Pace(60).buckets(30, 4)
        (30.0, 4)
        """
        return max(minutes / self.bucket_min, least)

    @property
    def per_day(self) -> int:
        return DAY_MIN // self.bucket_min

    @property
    def per_year(self) -> int:
        return 365 * self.per_day

    @property
    def per_slot(self) -> int:
        """Buckets in a slot of the time of day."""
        return max(SLOT_MIN // self.bucket_min, 1)

    @property
    def slots(self) -> int:
        """In a day."""
        return -(-self.per_day // self.per_slot)

    def slot(self, bucket: int) -> int:
        """Of the day, in which a bucket lies."""
        return bucket % self.per_day // self.per_slot

    def ends_slot(self, bucket: int) -> bool:
        """Whether it is the last bucket of its slot."""
        return self.slot(bucket) != self.slot(bucket + 1) or self.slots == 1
