"""On which line of a TOML file each value stands, which the parser of the standard library does not say."""

import tomllib
from collections.abc import Iterator

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]
"""Leads to a value: names of keys, and positions in lists from 0."""

_LANGUAGE = Language(tree_sitter_toml.language())


def lines(text: str) -> dict[Path, int]:
    """Return the line, from 1, of every table, key and entry of a list in a text that is known to be TOML."""
    found: dict[Path, int] = {(): 1}
    sizes: dict[Path, int] = {}
    for node in _root(text).named_children:
        match node.type:
            case "pair":
                _pair(found, (), node)
            case "table" | "table_array_element":
                _table(found, sizes, node)
    return found


def remarks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments of a TOML text, each with its first line; those right below each other are one of several."""
    first, words, below = 0, list[str](), (0, 0)
    for node in _comments(_root(text)):
        line, column = node.start_point
        if words and (line, column) != below:
            yield first, "\n".join(words)
            words.clear()
        first = first if words else line + 1
        words.append(_text(node).lstrip("#").strip())
        below = (line + 1, column)
    if words:
        yield first, "\n".join(words)


def _root(text: str) -> Node:
    return Parser(_LANGUAGE).parse(text.encode()).root_node


def _comments(node: Node) -> Iterator[Node]:
    if node.type == "comment":
        yield node
    for child in node.named_children:
        yield from _comments(child)


def _table(found: dict[Path, int], sizes: dict[Path, int], table: Node) -> None:
    key, *pairs = _parts(table)
    *parents, last = _keys(key)
    here: Path = ()
    for name in parents:
        here = (*here, name)
        found.setdefault(here, _line(table))
        if here in sizes:
            here = (*here, sizes[here] - 1)
    here = (*here, last)
    if table.type == "table_array_element":
        found.setdefault(here, _line(table))
        sizes[here] = sizes.get(here, 0) + 1
        here = (*here, sizes[here] - 1)
    found[here] = _line(table)
    for pair in pairs:
        _pair(found, here, pair)


def _pair(found: dict[Path, int], table: Path, pair: Node) -> None:
    key, value = _parts(pair)
    here = table
    for name in _keys(key):
        here = (*here, name)
        found.setdefault(here, _line(pair))
    _value(found, here, value)


def _value(found: dict[Path, int], here: Path, value: Node) -> None:
    if value.type == "array":
        for number, entry in enumerate(_parts(value)):
            found[*here, number] = _line(entry)
            _value(found, (*here, number), entry)
    elif value.type == "inline_table":
        for pair in _parts(value):
            _pair(found, here, pair)


def _parts(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _keys(key: Node) -> list[str]:
    match key.type:
        case "dotted_key":
            return [name for part in key.named_children for name in _keys(part)]
        case "quoted_key":
            return [tomllib.loads(f"key = {_text(key)}")["key"]]
        case _:
            return [_text(key)]


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _line(node: Node) -> int:
    return node.start_point.row + 1
