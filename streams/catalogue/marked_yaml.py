"""YAML with line numbers, and nothing YAML could be harmful or surprising with.

Scalars stay the text that was written: the catalogue's fields say what they are to be read as. So the country `NO` is
Norway and not false, `1e3` is what the field takes it for, and no tag can build an object. Aliases (the means of
"billion laughs" files), explicit tags, repeated keys, deep nesting and huge files are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct

from streams.catalogue.problem import CatalogueError, shown

MAX_BYTES = 64 * 1024 * 1024  # 100,000 services take about 26 MB (and 15 s, 0.8 GB) to read
MAX_DEPTH = 10  # the schema needs 6; a limit keeps hostile nesting from exhausting the stack

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's parser is about eight times as fast


class Scalar(Struct, frozen=True, gc=False):
    """`plain`: written without quotes, so that `null`, `~` and nothing at all mean absent."""

    text: str
    plain: bool
    line: int

    @property
    def absent(self) -> bool:
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


class Listing(Struct, frozen=True):
    items: tuple[Node, ...]
    line: int


class Table(Struct, frozen=True):
    """`lines`: of the keys."""

    entries: Mapping[str, Node]
    lines: Mapping[str, int]
    line: int


Node = Scalar | Listing | Table


def read_yaml(raw: bytes | str, file: str) -> Node:
    """The one document of a file as a tree of marked nodes. An empty file is an absent scalar.

    `file` is how messages call it. Raises CatalogueError.
    """
    if len(raw) > MAX_BYTES:
        raise CatalogueError(file, 1, f"larger than {MAX_BYTES >> 20} MB", "split it or leave out what is not needed")
    text = _decoded(raw, file) if isinstance(raw, bytes) else raw
    try:
        return _document(_Events(yaml.parse(text, Loader=_LOADER), file))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise CatalogueError(
            file, line, f"not YAML: {error.problem or error.context}", "check indents, colons and quotes around it"
        ) from error
    except yaml.YAMLError as error:  # the reader's errors carry no mark: characters that YAML does not allow
        what = str(error).splitlines()[0]
        raise CatalogueError(file, 1, f"not YAML: {what}", "save it as plain UTF-8 text") from error


def _decoded(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CatalogueError(file, line, "not UTF-8", "save the file as UTF-8") from error


class _Events:
    """The parser's events one by one, each checked for what is refused everywhere."""

    def __init__(self, events: Iterator[Any], file: str) -> None:
        self.file = file
        self._events = events

    def next(self) -> Any:
        event = next(self._events)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self.error(event, "YAML anchors and aliases are not taken here", "write the value out")
        if getattr(event, "tag", None):
            raise self.error(event, f"the YAML tag {shown(event.tag)} is not taken here", "leave it out")
        return event

    def error(self, event: Any, what: str, remedy: str) -> CatalogueError:
        return CatalogueError(self.file, _line(event), what, remedy)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _document(events: _Events) -> Node:
    events.next()  # the stream's start
    event = events.next()
    if isinstance(event, yaml.StreamEndEvent):
        return Scalar("", True, 1)
    node = _node(events, events.next(), 1)
    events.next()  # the document's end
    event = events.next()
    if not isinstance(event, yaml.StreamEndEvent):
        raise events.error(event, "a second YAML document", "keep one document in a file")
    return node


def _node(events: _Events, event: Any, depth: int) -> Node:
    line = _line(event)
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, event.style is None or event.style == "", line)
    if depth > MAX_DEPTH:
        raise events.error(event, f"nested more than {MAX_DEPTH} deep", "no entry needs that; check the indents")
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(event := events.next(), yaml.SequenceEndEvent):
            items.append(_node(events, event, depth + 1))
        return Listing(tuple(items), line)
    return _table(events, line, depth)


def _table(events: _Events, line: int, depth: int) -> Table:
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    while not isinstance(event := events.next(), yaml.MappingEndEvent):
        if not isinstance(event, yaml.ScalarEvent):
            raise events.error(event, "a key that is no word", "write `key: value`")
        key = event.value
        if key in entries:
            raise events.error(event, f"the key {shown(key)} stands here and in line {lines[key]}", "keep one")
        lines[key] = _line(event)
        entries[key] = _node(events, events.next(), depth + 1)
    return Table(entries, lines, line)
