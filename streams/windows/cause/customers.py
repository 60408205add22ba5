"""How a provider's customers fared in one bucket: counted once for all windows that ask."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

# Over ten minutes a customer would have shown it: as long as most outages take to reach everyone who will see them.
POWER_BUCKETS = 10
POWER_EVENTS = (
    5.0  # with so many events expected in that time it would have shown with 63 %, with three times as many surely
)
SHOWS = 0.5  # chance that a customer fails visibly with its provider: it may use another region or product of it
BY_CHANCE = 0.02  # chance that a customer has an outage of its own just then


class CustomersSeen(Struct):
    """`healthy`: expected volume, no window. `affected`: those with a window at the same time. Weights in nats.

    `against`: of the healthy ones, each as far as it could have shown the fault. `at`: the bucket. `watched_buckets`:
    since the window that asks was opened.
    """

    healthy: int
    affected: list[str]
    against: float
    at: int = 0
    watched_buckets: int = 0


def customers_seen(
    customers: Iterable[str], expected: Mapping[str, float], in_window: Callable[[str], bool], at: int
) -> CustomersSeen:
    """All customers in bucket `at`. `expected`: events a minute in both signals, 0 where it could not be seen."""
    healthy, affected, against = 0, [], 0.0
    for customer in customers:
        volume = expected.get(customer, 0.0)
        if in_window(customer):
            affected.append(customer)
        elif volume > 0:
            healthy += 1
            against += healthy_nats(volume)
    return CustomersSeen(healthy, sorted(affected), against, at)


def healthy_nats(expected_per_bucket: float) -> float:
    """How much one healthy customer speaks against its provider's fault: by its power to have shown it.

    P(healthy | fault) = 1 - SHOWS x power, against nearly 1 without a fault.
    """
    power = 1 - math.exp(-expected_per_bucket * POWER_BUCKETS / POWER_EVENTS)
    return -math.log(1 - SHOWS * power)


def affected_nats() -> float:
    """How much one customer that fails at the same time speaks for its provider's fault."""
    return math.log(SHOWS / BY_CHANCE)


def seen_from(
    counted: CustomersSeen, together: set[str], before: CustomersSeen | None, watched_buckets: int
) -> CustomersSeen:
    """The provider's customers as one of them sees the others. `together`: those that failed about when it did.

    One that failed at any time of the window stays affected, though it may be healthy again.
    """
    earlier = set(before.affected) if before is not None else set()
    recovered = len(earlier - set(counted.affected))
    healthy = max(0, counted.healthy - recovered)
    share = healthy / counted.healthy if counted.healthy else 0.0
    return CustomersSeen(healthy, sorted(together | earlier), counted.against * share, counted.at, watched_buckets)
