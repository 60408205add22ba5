"""Which series of a service are judged, and how: from its entry in the catalogue."""

from __future__ import annotations

from streams.catalogue import Catalogue
from streams.contracts.events import OTHER, SIGNALS, Signal
from streams.contracts.times import BUCKET_MS
from streams.detection.bank import SeriesRow
from streams.detection.calendar import Calendar, Planned


def series_rows(signal: Signal, service: str, catalogue: Catalogue) -> list[SeriesRow]:
    """The judged series of a service in one signal: the whole first, then each region of the catalogue."""
    if service == OTHER:  # counted, never judged: it is no service
        return [SeriesRow(OTHER, None, 1.0, 1, surges=False, drops=False)]
    entry = catalogue.services[service]
    # With one region the whole and the region are the same series.
    regions: tuple[str, ...] = entry.regions if len(entry.regions) > 1 else ()
    siblings = len(SIGNALS) * (1 + len(regions))
    # Fewer reports than usual are good news or sleeping users, never by themselves an outage.
    drops = signal == "errors"
    calendar = Calendar(entry.zone, entry.holidays)
    planned = tuple(Planned(work.from_ms // BUCKET_MS, -(-work.to_ms // BUCKET_MS)) for work in entry.maintenance)
    return [
        SeriesRow(
            service,
            region,
            entry.false_opens_per_year,
            siblings,
            drops=drops,
            profile=entry.profile_of(signal),
            calendar=calendar,
            planned=planned,
        )
        for region in (None, *regions)
    ]
