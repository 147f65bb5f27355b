"""YAML text to plain data, refusing a key that stands twice, and aliases. The C parser where PyYAML has it, eleven times as fast."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

# The C composer calls itself for each nesting and ends the process where its stack ends (seen at 100,000 brackets);
# the plain one raises RecursionError. A catalogue is under ten deep.
DEEPEST_FOR_C = 100


class _UniqueKeys(yaml.constructor.SafeConstructor):
    """YAML keeps the last of two equal keys and says nothing; a catalogue must not lose a line that way."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 -- PyYAML's own signature
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # PyYAML refuses it below, in its own words
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key!r}", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class PlainLoader(_UniqueKeys, yaml.SafeLoader):
    """Python alone: the one whose errors people read."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        # Nine lines of aliases can stand for a billion values; a catalogue needs none.
        if self.check_event(yaml.AliasEvent):
            mark = self.current_event.start_mark  # the one just checked
            raise yaml.MarkedYAMLError(
                problem=f"line {mark.line + 1}: an alias (*) is not allowed; write it out"
            )
        return super().compose_node(parent, index)


def load_yaml(text: str) -> Any:
    """The data in `text`; raises yaml.YAMLError or RecursionError, the same with and without the C parser."""
    if yaml.__with_libyaml__:
        try:
            return _load_with_c(text)
        except (yaml.YAMLError, _LeftToPython):
            # The C parser words its errors differently; the plain loader below says the one that tests hold.
            pass
    return yaml.load(text, PlainLoader)  # noqa: S506 -- a SafeLoader


class _LeftToPython(Exception):
    """The text holds what the C composer cannot be trusted with, or cannot refuse."""


def _load_with_c(text: str) -> Any:
    class FastLoader(_UniqueKeys, yaml.CSafeLoader):
        pass

    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST_FOR_C:
                raise _LeftToPython
        elif isinstance(event, yaml.AliasEvent):
            raise _LeftToPython
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return yaml.load(text, FastLoader)  # noqa: S506 -- a SafeLoader
