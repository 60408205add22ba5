"""Where settings are given: the file, the environment, the flags."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from streams.settings.problem import SettingsError, refuse_unknown
from streams.settings.record import TYPES

FILE = "outages.toml"
VARIABLE = "OUTAGES_"

# Kubernetes puts OUTAGES_SERVICE_HOST, OUTAGES_WEB_PORT_9464_TCP and the like into every container beside a service
# called `outages...`: not settings, and not typing errors either.
_OF_KUBERNETES = re.compile(
    r"OUTAGES(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
    r"|OUTAGES(_[A-Z0-9_]+)?_PORT"
)


class Given(Struct, frozen=True):
    """One value somebody set: where, and the folder that a relative path in it starts from."""

    name: str
    value: object
    place: str
    folder: Path
    text: bool  # from a place that holds texts only, so that "500" is a number


def in_file(flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Iterator[Given]:
    named = flags.get("config") or environ.get(f"{VARIABLE}CONFIG")
    shown = str(named or FILE)
    path = cwd / at_home(shown, environ)
    if not named and not path.is_file():
        return
    for name, value in _toml(path, shown).items():
        place = f"{shown}: {name}"
        refuse_unknown(name, TYPES, place, "no such setting", "take it out")
        yield Given(name, value, place, path.parent, text=False)


def _toml(path: Path, shown: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        what = error.strerror or "cannot be read"
        raise SettingsError(shown, what, "check the path given by --config or OUTAGES_CONFIG") from error
    except UnicodeDecodeError as error:
        raise SettingsError(shown, "not UTF-8", "save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1  # `at end of document`
        remedy = 'write name = value, each name once, texts in "quotes"'
        raise SettingsError(f"{shown}:{line}", f"not TOML: {error}", remedy) from error


def in_environment(environ: Mapping[str, str], cwd: Path) -> Iterator[Given]:
    known = [VARIABLE + name.upper() for name in (*TYPES, "config") if name != "source"]
    for variable in sorted(environ):
        if not variable.startswith(VARIABLE) or not environ[variable].strip() or variable == f"{VARIABLE}CONFIG":
            continue
        if variable not in known and _OF_KUBERNETES.fullmatch(variable):
            continue
        if variable == f"{VARIABLE}SOURCE":
            raise SettingsError(variable, "sources are set in the file only", f"write [[source]] into {FILE}")
        refuse_unknown(variable, known, variable, "no such setting", "unset it")
        yield Given(variable[len(VARIABLE) :].lower(), environ[variable].strip(), variable, cwd, text=True)


def in_flags(flags: Mapping[str, object], cwd: Path) -> Iterator[Given]:
    for name, value in flags.items():
        if value is None or name == "config":
            continue
        place = f"--{name.replace('_', '-')}"
        refuse_unknown(name, TYPES, place, "no such setting", "leave it out")
        yield Given(name, value, place, cwd, text=True)


def at_home(path: str, environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"], path[2:]) if path.startswith("~/") and environ.get("HOME") else Path(path)
