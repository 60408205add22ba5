"""How sure we are that a window is an outage, from what both witnesses say.

Evidence is a log-likelihood ratio in nats: how much likelier the counts are under an outage than under the baseline.
The witnesses are independent given either, so their ratios multiply, and Bayes' rule gives

    odds = prior odds x exp(evidence of errors + evidence of reports)

(I. J. Good, Probability and the Weighing of Evidence, 1950; Neyman and Pearson, 1933, for the ratio itself). Within one
witness the strongest series counts alone: regions are parts of the whole, not further witnesses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from streams.contracts.events import Signal

# A service is down for about one minute in a thousand: four outages of two hours in a year of 8,766 hours.
PRIOR_ODDS = 0.001
# Holidays, deploys and clock changes lie outside the model, so no count makes it surer than this.
LIMIT = 0.9999
# What opens a series by itself, where it is not said (a lean is told as a share of it): the detector's thresholds lie
# between 5 (one false open a week) and about 13 (a few a year).
OPENING_NATS = 8.0


def confidence(evidence: Iterable[tuple[Signal, float]]) -> float:
    """Probability of an outage, 0..0.9999, from the nats of every series of every witness."""
    strongest: dict[Signal, float] = {}
    for signal, nats in evidence:
        strongest[signal] = max(nats, strongest.get(signal, 0.0))
    log_odds = math.log(PRIOR_ODDS) + math.fsum(strongest.values())
    return min(LIMIT, 1 / (1 + math.exp(-log_odds)))
