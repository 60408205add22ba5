"""Public holidays of a country or of a part of it, by the `holidays` library, or the dates an operator lists.

A function of the installed version of that library: a new one may know better when a moving feast falls.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

SUNDAY = 6  # as `date.weekday()` counts


@lru_cache(maxsize=4096)
def holidays_in(which: str | tuple[str, ...], year: int) -> frozenset[date]:
    """The holidays of `year`: of a country (US), of a part of one (US-CA), or those of the dates listed.

    A part that the library does not know has its country's holidays, since its own are not known.
    """
    if not isinstance(which, str):
        return frozenset(day for day in map(date.fromisoformat, which) if day.year == year)
    import holidays  # 50 ms, which only those pay who name a country

    country, _, part = which.partition("-")
    parts = holidays.list_supported_countries().get(country, [])
    return frozenset(holidays.country_holidays(country, subdiv=part if part in parts else None, years=year))


@lru_cache(maxsize=1024)
def days_of_rest(which: str | tuple[str, ...]) -> frozenset[int]:
    """The days of the week (Monday is 0) that a holiday resembles: the country's weekend; of dates, Sunday."""
    if not isinstance(which, str):
        return frozenset({SUNDAY})
    import holidays

    return frozenset(holidays.country_holidays(which.partition("-")[0]).weekend)
