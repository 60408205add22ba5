"""YAML with line numbers: plain values, and for every value the line it stands on."""

from __future__ import annotations

import re
from typing import Any

import yaml

Plain = Any  # dict, list, str, int, float, bool or None
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_BOOL = "tag:yaml.org,2002:bool"
MAX_VALUES = 100_000  # the longest scenario has some thousand; aliases could otherwise multiply without end


class YamlTextError(ValueError):
    """The text is no YAML we take. `line` counts from 1."""

    def __init__(self, line: int, cause: str) -> None:
        super().__init__(cause)
        self.line = line
        self.cause = cause


def load_with_lines(text: str) -> tuple[Plain, dict[str, int]]:
    """The document as plain values, and the line of every path (`$.services[0].id`, as msgspec writes paths).

    Times stay strings, and only `true` and `false` are booleans, so that the region NO is Norway. Merge keys (`<<`)
    work. Raises YamlTextError for broken YAML, a key that stands twice, or an empty document.
    """
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise YamlTextError(1, "the file is empty")
        lines: dict[str, int] = {}
        return _plain(loader, root, "$", lines), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlTextError(mark.line + 1 if mark else 1, error.problem or "not YAML") from error
    except RecursionError as error:
        raise YamlTextError(1, "nested too deeply, or an alias contains itself") from error
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, YamlTextError):
            raise
        raise YamlTextError(1, str(error).splitlines()[0]) from error
    finally:
        loader.dispose()


def line_of(path: str, lines: dict[str, int]) -> int:
    """The line of a path, or of its nearest ancestor that has one (msgspec writes `[...]` for keys it can't name)."""
    while path not in lines and path:
        path = re.sub(r"(\.[^.\[\]]*|\[[^\]]*\])$", "", path) if path != "$" else ""
    return lines.get(path, 1)


def _plain(loader: yaml.SafeLoader, node: yaml.Node, path: str, lines: dict[str, int]) -> Plain:
    lines[path] = node.start_mark.line + 1
    if len(lines) > MAX_VALUES:
        raise YamlTextError(lines[path], f"more than {MAX_VALUES} values, or an alias that contains itself")
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, f"{path}[{i}]", lines) for i, item in enumerate(node.value)]
    return _scalar(loader, node)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, path: str, lines: dict[str, int]) -> dict[str, Plain]:
    own: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in own:
                raise YamlTextError(key.start_mark.line + 1, f"the key `{key.value}` stands twice")
            own.add(key.value)
    loader.flatten_mapping(node)  # merge keys: merged pairs come first, so that own pairs win below
    plain: dict[str, Plain] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise YamlTextError(key.start_mark.line + 1, "a key must be a word")
        inner = f"{path}.{key.value}"
        plain[key.value] = _plain(loader, value, inner, lines)
        lines[inner] = key.start_mark.line + 1
    return plain


def _scalar(loader: yaml.SafeLoader, node: yaml.Node) -> Plain:
    if node.tag == _TIMESTAMP or (node.tag == _BOOL and node.value.lower() not in ("true", "false")):
        return node.value
    return loader.construct_object(node)
