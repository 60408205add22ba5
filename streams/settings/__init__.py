"""Every setting of a process, from flags over `OUTAGES_*` over `outages.toml` over the defaults.

A setting's name is the same everywhere: `flush_ms` in the file, `OUTAGES_FLUSH_MS` in the environment. What each one
is for and why it is as it is stands in `docs/outages.example.toml`. Topics people already have (`[[source]]`) are
set in the file only.
"""

from streams.settings.load import load_settings
from streams.settings.problem import SettingsError
from streams.settings.record import Settings

__all__ = ["Settings", "SettingsError", "load_settings"]
