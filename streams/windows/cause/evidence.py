"""One piece of evidence about one candidate, with its weight."""

from __future__ import annotations

from dataclasses import dataclass

from streams.contracts.windows import Fact


@dataclass(frozen=True, slots=True)
class Evidence:
    """`weight_nats`: natural logarithm of the likelihood ratio, below 0 where it speaks against the candidate.

    `ruling_out`: the few words that say why this rules the candidate out, where it can.
    """

    candidate: str
    fact: Fact
    weight_nats: float
    ruling_out: str | None = None
