"""Evidence: did the provider's other customers fail too?"""

from __future__ import annotations

from collections.abc import Mapping

from streams.contracts.times import bucket_start
from streams.contracts.windows import Fact
from streams.windows.cause.customers import POWER_BUCKETS, CustomersSeen, affected_nats
from streams.windows.cause.evidence import Evidence

# Customers of one cloud share more than the cloud (a CDN, a carrier, a bad day of news), and one part of a cloud can
# fail alone: however many agree, they weigh no more than this.
LIMIT_NATS = 5.0
NAMED = 5  # affected customers named in the fact: enough to recognise a pattern


def other_customers(seen: Mapping[str, CustomersSeen]) -> list[Evidence]:
    """`seen` by provider: its customers other than the service itself."""
    return [evidence for provider in sorted(seen) for evidence in _of_provider(provider, seen[provider])]


def _of_provider(provider: str, seen: CustomersSeen) -> list[Evidence]:
    found, of = [], seen.healthy + len(seen.affected)
    candidate, time = f"provider:{provider}", bucket_start(seen.at + 1)
    if seen.affected:
        params: dict[str, object] = {
            "affected": len(seen.affected),
            "of": of,
            "provider": provider,
            "services": seen.affected[:NAMED],
        }
        text = f"{len(seen.affected)} of {of} other services on {provider} failed at the same time"
        weight = min(LIMIT_NATS, affected_nats() * len(seen.affected))
        found.append(Evidence(candidate, Fact("other_customers_affected", params, text, time, weight), weight))
    if seen.healthy:
        params = {"healthy": seen.healthy, "of": of, "provider": provider}
        text = f"{seen.healthy} of {of} other services on {provider} stayed in their bands"
        # In the first minutes the others may simply not have failed yet.
        weight = min(LIMIT_NATS, seen.against) * min(1.0, seen.watched_buckets / POWER_BUCKETS)
        fact = Fact("other_customers_healthy", params, text, time, weight)
        found.append(Evidence(candidate, fact, -weight, "its other customers were healthy"))
    return found
