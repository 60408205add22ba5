"""Windows to be told: one outage of a service, with whatever a test changes about it."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.contracts.series import Direction
from streams.contracts.windows import (
    Affected,
    Because,
    Candidate,
    Cause,
    Clocks,
    Collateral,
    Fact,
    Lags,
    Operator,
    Peak,
    Previous,
    Quality,
    RegionShare,
    Window,
    Witness,
    Witnesses,
    WitnessState,
)

ABSENT = Witness("none", "absent")
HEALTHY = Fact(
    "other_customers_healthy",
    {"healthy": 8, "of": 8, "provider": "aws"},
    "8 of 8 other services on aws stayed in their bands",
    "2022-07-14T12:05:00.000Z",
    2.5,
)
NAMED = Fact(
    "statement_names_cause",
    {"by": "@TwitterSupport", "cause": "own"},
    "@TwitterSupport named its own systems",
    "2022-07-14T16:30:00.000Z",
    3.0,
)
OWN = Candidate("own", 0.97, [NAMED])
NOT_AWS = Candidate(
    "provider:aws", 0.001, [], [HEALTHY], True, Because("other_customers_healthy", "its other customers were healthy")
)


def clock(text: str) -> str:
    """`12:01` of 14 July 2022, as published."""
    return f"2022-07-14T{text}:00.000Z"


def witness(
    peak: int = 211,
    expected: float = 3.0,
    *,
    at: str = "11:59",
    total: int = 224,
    whole: float = 6.0,
    state: WitnessState = "elevated",
    direction: Direction = "surge",
) -> Witness:
    """A witness that was out of its band: `peak` in one minute, `total` in all, where `whole` was expected."""
    most = Peak(clock(at), peak, expected, 0, 3 * expected, 60)
    return Witness(direction, state, total, whole, total - whole, most, 300.0)


def told(**changes: Any) -> Window:
    """A window opened at 12:00, two minutes after it began, from reports alone."""
    window = Window(
        window="twitter-20220714T115800Z",
        revision=1,
        change="opened",
        time=clock("12:00"),
        state="open",
        service="twitter",
        severity="minor",
        confidence=0.97,
        clocks=Clocks(started=clock("11:58"), opened=clock("12:00")),
        lags_s=Lags(opened=120),
        witnesses=Witnesses(errors=ABSENT, reports=witness()),
        regions=[],
        symptoms=[],
        texts=[],
        affected=Affected(reports=224),
        cause=Cause(
            candidates=[Candidate("own", 0.5), Candidate("undetermined", 0.25), Candidate("provider:aws", 0.2)]
        ),
        collateral=Collateral(),
        phases=[],
        statements=[],
        operator=Operator(),
        quality=Quality("ready", 14),
        previous=Previous(),
    )
    return msgspec.structs.replace(window, **changes)


def region(name: str, count: int, share: float) -> RegionShare:
    """An affected region."""
    return RegionShare(name, count, 2.0, count, share, True)


def ended(**changes: Any) -> Window:
    """The same, over: from 11:58 to 15:13, closed at 15:30, officially admitted and ended."""
    clocks = Clocks(
        started=clock("11:58"),
        opened=clock("12:00"),
        peak=clock("12:14"),
        reports_ended=clock("15:13"),
        errors_ended=clock("14:43"),
        ended=clock("15:13"),
        closed=clock("15:30"),
        acknowledged=clock("13:10"),
        all_clear=clock("16:30"),
    )
    errors = witness(20_083, 226.876, at="12:19", total=719_614, whole=41_451.6, state="normal")
    reports = witness(3_790, 2.98, at="12:14", total=129_517, whole=1_359.14, state="normal")
    whole: dict[str, Any] = {
        "revision": 9,
        "change": "closed",
        "time": clock("16:31"),
        "state": "closed",
        "severity": "critical",
        "confidence": 0.9999,
        "clocks": clocks,
        "witnesses": Witnesses(errors, reports),
        "affected": Affected(129_517, 127_114, 8_731, 0.008),
        "cause": Cause("own", None, None, [], 0.97, [OWN, NOT_AWS]),
    }
    return told(**(whole | changes))
