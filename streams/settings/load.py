"""From flags, environment and file to one `Settings`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streams.settings.places import in_environment, in_file, in_flags
from streams.settings.problem import SettingsError
from streams.settings.record import Settings, default_data_dir
from streams.settings.values import read_value


def load_settings(flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Settings:
    """The settings of this process. A flag that is None, or a variable that is empty, is not set.

    The file is `flags["config"]`, else `OUTAGES_CONFIG`, else `outages.toml` in `cwd` where there is one. Relative
    paths start from the file's folder in the file, else from `cwd`. Raises SettingsError.
    """
    values: dict[str, Any] = {"data_dir": default_data_dir(environ)}
    places: dict[str, str] = {}
    for given in (*in_file(flags, environ, cwd), *in_environment(environ, cwd), *in_flags(flags, cwd)):
        values[given.name] = read_value(given, environ)
        places[given.name] = given.place
    settings = Settings(**values)
    _check_together(settings, places)
    return settings


def _check_together(settings: Settings, places: Mapping[str, str]) -> None:
    if settings.canary_s >= settings.blind_after_s:
        place = places.get("canary_s") or places["blind_after_s"]
        what = "canary_s is not below blind_after_s, so every partition would be called blind"
        raise SettingsError(place, what, "make canary_s smaller, 1 is usual")
    for source in settings.source:
        if source.topic.startswith(settings.prefix):
            what = f"the topic {source.topic!r} begins with the prefix of our own topics"
            raise SettingsError(places["source"], what, "read another topic, or take another prefix")
