"""Topics people already have: where in their JSON an event's fields stand, and which records count.

A `Source` is one `[[source]]` of the settings. `SourceMapping` turns a decoded JSON value into the event that contract
calls for; the ordinary validation then takes or refuses it, so nothing here raises for odd data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct

from streams.contracts.events import ErrorEvent, Report, Signal

TimeUnit = Literal["s", "ms", "rfc3339"]
Op = Literal["equals", "not_equals", "in", "exists", "at_least", "matches"]

_OWN_FIELDS = {
    "errors": frozenset(ErrorEvent.__struct_fields__) - {"scenario"},  # replays mark their own events
    "reports": frozenset(Report.__struct_fields__) - {"scenario"},
}
_TEXT_OF = {"errors": "message", "reports": "text"}  # `text` means what the signal calls its text

MATCHED_CHARACTERS = 2_000  # of a value; a pattern of the operator's must not meet a megabyte of somebody's text
_LONGEST_NUMBER = 10**40  # longer than any id; Python refuses to write out very long ones
_BEYOND_ANY_TIME = 10**18  # a number past it is no time in any unit, and need not be divided to be refused


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """What a record must show to count. A missing field (or null) only meets `not_equals` and `exists = false`.

    equals, not_equals: the same JSON value (503 is not "503"). in: one of the list `value`. exists: `value` true
    (default) or false. at_least: a number, or a text that is one, no less than `value`. matches: the regular expression
    `value` is found somewhere in the text.
    """

    field: str
    op: Op
    value: Any = None


class Source(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A topic of somebody else's. `topic`: its full name, no prefix is added. `when`: all of them must hold.

    fields: event field -> dotted path into the JSON (`labels.app`; `spans.0.name` into a list;
    `labels."app.kubernetes.io/name"` where a key holds dots). constants: event field -> the same text for every record;
    a field may stand in both, then the constant is taken where the path finds nothing.
    """

    topic: str
    signal: Signal
    fields: dict[str, str]
    format: Literal["json"] = "json"
    constants: dict[str, str] = {}
    when: tuple[Condition, ...] = ()
    time_unit: TimeUnit = "rfc3339"


def source_problem(source: Source) -> tuple[str, str] | None:
    """What is wrong with a source, as (where, cause and remedy), or None."""
    known = {*_OWN_FIELDS[source.signal], "text"}
    for table, mapping in (("fields", source.fields), ("constants", source.constants)):
        for name in mapping:
            if name not in known:
                return f"{table}.{name}", f"{source.signal} have no such field; take one of {', '.join(sorted(known))}"
    both = {"text", "message"}
    if both <= source.fields.keys() | source.constants.keys():
        return "fields.text", "for errors the text is the message; keep one of the two"
    if "time" in source.constants or "time" not in source.fields:
        return "fields.time", 'every event has its own time; say where it stands, like time = "timestamp"'
    if "service" not in source.fields.keys() | source.constants.keys():
        return "fields.service", 'say where the service stands, or give constants = {service = "payments"}'
    for name, path in source.fields.items():
        if path_steps(path) is None:
            return f"fields.{name}", f'{path!r} is no path; write keys with dots between, like labels.app or a."b.c"'
    return next((found for at, when in enumerate(source.when) if (found := _condition_problem(at, when))), None)


def _condition_problem(at: int, when: Condition) -> tuple[str, str] | None:
    where = f"when[{at}]"
    if path_steps(when.field) is None:
        return f"{where}.field", f"{when.field!r} is no path; write keys with dots between, like labels.app"
    number = isinstance(when.value, int | float) and not isinstance(when.value, bool)
    right, needs = {
        "in": (isinstance(when.value, list), "a list"),
        "exists": (when.value is None or isinstance(when.value, bool), "true or false"),
        "at_least": (number, "a number"),
        "matches": (isinstance(when.value, str), "a regular expression"),
    }.get(when.op, (isinstance(when.value, str | int | float), "a text, a number, true or false"))
    if not right:
        return f"{where}.value", f"{when.op} needs {needs}; got {when.value!r}"
    if when.op == "matches":
        try:
            re.compile(when.value)
        except re.error as error:
            return f"{where}.value", f"no regular expression ({error}); in TOML write it in single quotes"
    return None


_STEP = re.compile(r'"([^"]+)"|([^".]+)')


def path_steps(path: str) -> tuple[str, ...] | None:
    """The keys of a dotted path, those in double quotes whole; None where it is no path."""
    steps: list[str] = []
    at = 0
    while found := _STEP.match(path, at):
        steps.append(found[1] or found[2])
        at = found.end()
        if at == len(path):
            return tuple(steps)
        if path[at] != ".":
            return None
        at += 1
    return None


class SourceMapping:
    """One source, ready to be applied. Trusts the source: `source_problem` has found none."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._conditions = [(_steps(when.field), _test(when)) for when in source.when]
        self._fields = [
            (_own_name(name, source.signal), _steps(path), _reader(name, source.time_unit))
            for name, path in source.fields.items()
        ]
        self._constants = {_own_name(name, source.signal): value for name, value in source.constants.items()}

    def event(self, obj: object) -> dict[str, object] | None:
        """The event a decoded record stands for, or None where a condition does not hold.

        A path that leads nowhere, or to null, leaves its field out. Never raises, whatever the shape.
        """
        for steps, holds in self._conditions:
            if not holds(_at(obj, steps)):
                return None
        event: dict[str, object] = dict(self._constants)
        for name, steps, read in self._fields:
            value = _at(obj, steps)
            if value is not None:
                event[name] = read(value)
        return event


def _own_name(name: str, signal: Signal) -> str:
    return _TEXT_OF[signal] if name == "text" else name


def _steps(path: str) -> tuple[str, ...]:
    steps = path_steps(path)
    if steps is None:
        raise ValueError(f"not a path: {path!r}")
    return steps


def _at(obj: object, steps: tuple[str, ...]) -> object:
    """What stands at the path; None where it leads nowhere."""
    for step in steps:
        if isinstance(obj, Mapping):
            obj = obj.get(step)
        elif isinstance(obj, list) and step.isascii() and step.isdigit() and len(step) < 10:
            obj = obj[int(step)] if int(step) < len(obj) else None
        else:
            return None
    return obj


def _reader(name: str, unit: TimeUnit) -> Callable[[object], object]:
    if name == "count":
        return _as_it_is
    if name == "time":
        return {"s": _seconds, "ms": _milliseconds, "rfc3339": _as_it_is}[unit]
    return _word


def _as_it_is(value: object) -> object:
    return value


def _word(value: object) -> object:
    """Whole numbers as their digits: status codes and ids are numbers in many a log, and words here."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LONGEST_NUMBER
    return str(value) if whole else value


def _seconds(value: object) -> object:
    """Epoch seconds; digits in quotes count as a number. What is no number stays, to be refused as no time."""
    number = _number(value) if isinstance(value, str) else value
    return value if number is None else number


def _milliseconds(value: object) -> object:
    """Epoch milliseconds as seconds. What is no number stays: RFC 3339 is a time in any unit, the rest is refused."""
    number = _number(value)
    return number / 1000 if number is not None and abs(number) < _BEYOND_ANY_TIME else value


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and len(value) <= 40:
        for read in (int, float):
            try:
                return read(value)
            except ValueError:
                continue
    return None


def _test(when: Condition) -> Callable[[object], bool]:
    wanted = when.value
    if when.op == "equals":
        return lambda value: _same(value, wanted)
    if when.op == "not_equals":
        return lambda value: not _same(value, wanted)
    if when.op == "in":
        return lambda value: any(_same(value, one) for one in wanted)
    if when.op == "exists":
        return lambda value: (value is not None) is (wanted is not False)
    if when.op == "at_least":
        return lambda value: (number := _number(value)) is not None and number >= wanted
    pattern = re.compile(wanted)
    return lambda value: isinstance(value, str) and pattern.search(value[:MATCHED_CHARACTERS]) is not None


def _same(value: object, wanted: object) -> bool:
    """As JSON sees it: true is not 1."""
    return isinstance(value, bool) is isinstance(wanted, bool) and value == wanted
