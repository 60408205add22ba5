"""The verdict: Bayes' rule over the candidates, and what may be said of the result.

    probability of a candidate = prior x exp(sum of its weights), normalised over all candidates

Weights are natural logarithms of likelihood ratios. Pieces of evidence count as independent given the cause, which is
why each kind limits what it may weigh (J. Pearl, Probabilistic Reasoning in Intelligent Systems, 1988, section 2.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from streams.contracts.windows import Because, Candidate, Cause
from streams.windows.cause.candidates import UNDETERMINED
from streams.windows.cause.evidence import Evidence

NAMED_FROM = 0.8  # a verdict is quoted without its number: four to one is the least that bears that
RULED_OUT_BELOW = 0.02  # one in fifty


def weigh(priors: Mapping[str, float], evidence: Iterable[Evidence], service: str) -> Cause:
    """The cause as far as it is known. Evidence on nobody in `priors` is left out.

    Nothing is named that has no positive evidence, and nothing is ruled out without evidence against it.
    """
    known = [piece for piece in evidence if piece.candidate in priors]
    odds = {name: prior * math.exp(_nats(known, name)) for name, prior in priors.items()}
    total = math.fsum(odds.values())
    listed = [_candidate(name, odds[name] / total, known) for name in priors]
    listed.sort(
        key=lambda candidate: -(candidate.probability or 0.0)
    )  # stable: equal ones as they are listed in the catalogue
    best = listed[0]
    named = best.candidate != UNDETERMINED and (best.probability or 0.0) > NAMED_FROM
    if not (named and any(piece.candidate == best.candidate and piece.weight_nats > 0 for piece in known)):
        undetermined = next(c for c in listed if c.candidate == UNDETERMINED)
        return Cause(probability=undetermined.probability, candidates=listed)
    verdict, _, of = best.candidate.partition(":")
    return Cause(verdict, of or None, None, [of, service] if of else [], best.probability, listed)


def _nats(known: Iterable[Evidence], name: str) -> float:
    return math.fsum(piece.weight_nats for piece in known if piece.candidate == name)


def _candidate(name: str, probability: float, known: list[Evidence]) -> Candidate:
    own = [piece for piece in known if piece.candidate == name]
    against = [piece for piece in own if piece.weight_nats < 0 or piece.fact.weight == 0]
    strongest = min((p for p in against if p.ruling_out), key=lambda p: p.weight_nats, default=None)
    because = None
    if probability < RULED_OUT_BELOW and strongest is not None and strongest.weight_nats < 0:
        because = Because(strongest.fact.code, strongest.ruling_out or "")
    return Candidate(
        candidate=name,
        probability=probability,
        for_=[piece.fact for piece in own if piece.weight_nats > 0],
        against=[piece.fact for piece in against],
        ruled_out=because is not None,
        because=because,
    )
