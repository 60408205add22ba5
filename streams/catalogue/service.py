"""One entry of the catalogue: a service, a cloud, a carrier or a vendor, all alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from streams.contracts.events import SIGNALS, Signal

Profile = Literal["counts", "smooth"]

DEFAULT_FALSE_OPENS_PER_YEAR = 4.0  # one false window a quarter: rare enough to be looked at each time


class ProviderRef(Struct, frozen=True, kw_only=True):
    """A service this one runs on. `role`: open list (primary, secondary, cdn, ...), None where not known.

    `from_`: since when, as a date or RFC 3339 time. `source`: where that is said.
    """

    id: str
    role: str | None = None
    from_: str | None = None
    source: str | None = None


class Maintenance(Struct, frozen=True, kw_only=True):
    """Planned work, [from_ms, to_ms) in milliseconds of event time: windows are marked, do not alert, do not teach."""

    from_ms: int
    to_ms: int
    reason: str | None = None

    def covers(self, time_ms: int) -> bool:
        return self.from_ms <= time_ms < self.to_ms


class Service(Struct, frozen=True, kw_only=True):
    """What the catalogue knows of one service. Only `id` and one name are required; the rest has defaults.

    names: by language, the first is the one to show where no language is asked for.
    aliases: other spellings of it, any language, any case.
    operator: who runs it; one operator's services may fail together by their own fault.
    look_alikes: who gets blamed when this one fails.
    regions: codes that count by themselves; every other counts under `other`.
    users: people by region, from `users_source`.
    signals: what is expected to come; one that never comes is absent, not quiet.
    profile: which detector judges it, of all signals or by signal; one that is not named is of counts.
    zone: whose day the baseline follows. holidays: a country's code, or dates.
    false_opens_per_year: tolerance of the service as a whole, any number above 0.
    """

    id: str
    names: Mapping[str, str]
    aliases: tuple[str, ...] = ()
    kind: str | None = None
    operator: str | None = None
    owner: str | None = None
    providers: tuple[ProviderRef, ...] = ()
    dependencies: tuple[str, ...] = ()
    look_alikes: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    users: Mapping[str, int] = {}
    users_source: str | None = None
    signals: tuple[Signal, ...] = SIGNALS
    profile: Profile | Mapping[Signal, Profile] = "counts"
    zone: str = "UTC"
    status_page: str | None = None
    groups: tuple[str, ...] = ()
    false_opens_per_year: float = DEFAULT_FALSE_OPENS_PER_YEAR
    holidays: str | tuple[str, ...] | None = None
    maintenance: tuple[Maintenance, ...] = ()

    def name(self, lang: str = "en") -> str:
        """Its name in a language; where there is none, in English, else the first one given."""
        return self.names.get(lang) or self.names.get("en") or next(iter(self.names.values()))

    def profile_of(self, signal: Signal) -> Profile:
        """Which detector judges this signal of it."""
        return self.profile if isinstance(self.profile, str) else self.profile.get(signal, "counts")

    def in_maintenance(self, time_ms: int) -> bool:
        return any(period.covers(time_ms) for period in self.maintenance)
