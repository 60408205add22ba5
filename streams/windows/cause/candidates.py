"""Who may have caused an outage, and how likely each is before any evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable

from streams.windows.services import Service

OWN = "own"
UNDETERMINED = "undetermined"
# Most outages that services write about are of their own making (changes, overload); a quarter is left for what no
# candidate covers, so that nobody wins by being alone. What remains is shared by providers and dependencies.
_OWN_SHARE = 0.5
_UNDETERMINED_SHARE = 0.25
_OTHERS_SHARE = 0.25
_PRIMARY_SHARES = 2.0  # a primary provider carries more of a service than a secondary one, a dependency as much as that
_NAMED_SHARE = 0.01  # one that only a statement brings up; the statement's own weight then speaks for it

_NAME = re.compile(r"own|(provider|dependency|collateral):[a-z0-9][a-z0-9-]*|network(:[a-z0-9][a-z0-9-]*)?")


def candidates(service: Service | None, named: Iterable[str]) -> dict[str, float]:
    """Prior probability by candidate, in the order they are listed in. `named`: those that statements bring up."""
    shares: dict[str, float] = {}
    if service is not None:
        for provider in service.providers:
            shares.setdefault(f"provider:{provider.id}", _PRIMARY_SHARES if provider.role == "primary" else 1.0)
        for dependency in service.dependencies:
            shares.setdefault(f"dependency:{dependency}", _PRIMARY_SHARES)
    whole = sum(shares.values())
    priors = {OWN: _OWN_SHARE} | {name: _OTHERS_SHARE * share / whole for name, share in shares.items()}
    for name in sorted(set(named) - priors.keys()):
        priors[name] = _NAMED_SHARE
    priors[UNDETERMINED] = _UNDETERMINED_SHARE
    total = sum(priors.values())
    return {name: prior / total for name, prior in priors.items()}


def is_candidate(name: str) -> bool:
    """Whether a statement's `cause` names a candidate."""
    return _NAME.fullmatch(name) is not None
