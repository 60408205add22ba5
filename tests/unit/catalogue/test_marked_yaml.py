"""YAML with line numbers and without surprises."""

from __future__ import annotations

import pytest

from streams.catalogue.marked_yaml import MAX_BYTES, MAX_DEPTH, Listing, Scalar, Table, read_yaml
from streams.catalogue.problem import CatalogueError


def refusal(raw: bytes | str) -> str:
    with pytest.raises(CatalogueError) as caught:
        read_yaml(raw, "file.yaml")
    return str(caught.value)


def test_scalars_stay_the_text_that_was_written() -> None:
    node = read_yaml("[NO, yes, 1e3, 010, 2026-12-01, 0x1F]", "file.yaml")
    assert isinstance(node, Listing)
    assert [item.text for item in node.items if isinstance(item, Scalar)] == [
        "NO", "yes", "1e3", "010", "2026-12-01", "0x1F",
    ]  # fmt: skip


def test_every_node_and_key_knows_its_line() -> None:
    node = read_yaml("# a comment\na:\n  - x\n  - y\nb: z\n", "file.yaml")
    assert isinstance(node, Table)
    assert node.lines == {"a": 2, "b": 5}
    items = node.entries["a"]
    assert isinstance(items, Listing)
    assert [item.line for item in items.items] == [3, 4]


@pytest.mark.parametrize("text", ["", "~", "null", "# only a comment\n", "---\n"])
def test_nothing_null_and_tilde_are_absent(text: str) -> None:
    node = read_yaml(text, "file.yaml")
    assert isinstance(node, Scalar)
    assert node.absent


def test_a_quoted_null_is_a_text() -> None:
    node = read_yaml('"null"', "file.yaml")
    assert isinstance(node, Scalar)
    assert not node.absent


def test_a_byte_order_mark_is_no_content() -> None:
    node = read_yaml(b"\xef\xbb\xbfa: 1\n", "file.yaml")
    assert isinstance(node, Table)
    assert list(node.entries) == ["a"]


def test_aliases_are_refused_where_they_are_defined() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert refusal(bomb) == "file.yaml:1: YAML anchors and aliases are not taken here; write the value out"


def test_an_alias_of_nothing_is_refused_by_the_parser_or_by_us() -> None:
    assert refusal("a: 1\nb: *nowhere\n").startswith("file.yaml:2: ")


def test_tags_are_refused_so_that_none_builds_an_object() -> None:
    assert refusal("a:\n  !!python/object/apply:os.system ['true']\n") == (
        "file.yaml:2: the YAML tag 'tag:yaml.org,2002:python/object/apply:os.system' is not taken here; leave it out"
    )


def test_a_repeated_key_is_refused_with_both_lines() -> None:
    assert refusal("a: 1\nb: 2\na: 3\n") == "file.yaml:3: the key 'a' stands here and in line 1; keep one"


def test_a_key_that_is_no_word_is_refused() -> None:
    assert refusal("? [a, b]\n: 1\n") == "file.yaml:1: a key that is no word; write `key: value`"


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_deep_nesting_is_refused_before_it_costs_a_stack(opening: str) -> None:
    assert f"nested more than {MAX_DEPTH} deep" in refusal(opening * 50_000)


def test_a_second_document_is_refused() -> None:
    assert refusal("a: 1\n---\nb: 2\n") == "file.yaml:2: a second YAML document; keep one document in a file"


def test_broken_yaml_names_the_line() -> None:
    assert refusal("a: 1\nb: [1, 2\nc: 3\n").startswith("file.yaml:3: not YAML: ")


def test_a_tab_as_indent_names_the_line() -> None:
    assert refusal("a:\n\tb: 1\n").startswith("file.yaml:2: not YAML: ")


def test_bytes_that_are_not_utf_8_name_the_line() -> None:
    assert refusal(b"a: 1\nb: \xff\n") == "file.yaml:2: not UTF-8; save the file as UTF-8"


def test_characters_that_yaml_does_not_allow_are_refused_in_one_line() -> None:
    message = refusal("a: \x00\n")
    assert message.startswith("file.yaml:1: not YAML: ")
    assert "\n" not in message


def test_a_huge_file_is_refused_unread() -> None:
    assert "larger than 64 MB" in refusal(b" " * (MAX_BYTES + 1))
