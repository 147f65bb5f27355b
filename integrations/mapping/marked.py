"""YAML to values that know their line and column. Pure; built for text that a stranger wrote.

No aliases, anchors, tags or second documents, so that nothing in it can stand for more than is written; size, depth and number
of values are bounded before anything is built, and nothing here calls itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

MOST_BYTES = 64 * 1024
DEEPEST = 6
MOST_VALUES = 2_000
LONGEST_QUOTE = 60

_KINDS = {
    "tag:yaml.org,2002:str": "a text",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a fraction",
    "tag:yaml.org,2002:bool": "yes or no",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:timestamp": "a date",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, where, in one sentence. Lines and columns count from 1."""

    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.sentence}"


class Unreadable(Exception):
    """The text cannot be taken apart at all; there is one fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as it was written. `kind` says in words what YAML takes it for."""

    line: int
    column: int
    text: str
    kind: str


@dataclass(slots=True)
class Listing:
    line: int
    column: int
    items: list[Value] = field(default_factory=list)
    kind: str = "a list"


@dataclass(slots=True)
class Keyed:
    """Pairs in the order of the text. No key stands twice."""

    line: int
    column: int
    pairs: dict[str, tuple[Scalar, Value]] = field(default_factory=dict)
    kind: str = "keys with values"


Value = Scalar | Listing | Keyed


def quoted(text: str) -> str:
    """A piece of somebody's text as a sentence can hold it."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST_QUOTE])
    return f"“{shown}{'…' if len(text) > LONGEST_QUOTE else ''}”"


def marked_values(content: bytes) -> Value:
    """The one document in `content`. Raises Unreadable."""
    text = _decoded(content)
    builder = _Builder()
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            builder.take(event)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        raise Unreadable(Fault(line, column, "This character may not stand in the file.")) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        why = " ".join(str(error.problem or error.context or "it has no form").split())[:200]
        raise Unreadable(Fault(*place, f"This is not readable as YAML: {why}.")) from error
    if builder.root is None:
        raise Unreadable(Fault(1, 1, "The file is empty. It begins with version: 1."))
    return builder.root


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise Unreadable(
            Fault(1, 1, f"The file is larger than {MOST_BYTES // 1024} KiB; a mapping is a few lines.")
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise Unreadable(Fault(line, column, "The file is not written in UTF-8.")) from error


class _Builder:
    """Puts events together, with a stack instead of recursion."""

    def __init__(self) -> None:
        self.root: Value | None = None
        self._open: list[Listing | Keyed] = []
        self._keys: list[Scalar | None] = []
        self._count = 0
        self._resolver = yaml.SafeLoader("")

    def take(self, event: yaml.Event) -> None:
        """Raises Unreadable."""
        match event:
            case yaml.AliasEvent():
                raise _refused(event, "An alias (*) is not allowed; write it out.")
            case yaml.ScalarEvent():
                self._check(event)
                self._put(self._scalar(event))
            case yaml.SequenceStartEvent():
                self._check(event)
                self._begin(event, Listing(*_place(event)))
            case yaml.MappingStartEvent():
                self._check(event)
                self._begin(event, Keyed(*_place(event)))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._open.pop()
                self._keys.pop()
            case _:
                pass

    def _check(self, event: yaml.NodeEvent) -> None:
        self._count += 1
        if self._count > MOST_VALUES:
            raise _refused(
                event, f"The file holds more than {MOST_VALUES:,} values; a mapping is a few lines."
            )
        if event.anchor is not None:
            raise _refused(event, "An anchor (&) is not allowed; write it out.")
        # A quoted text has no tag either; only one that somebody wrote (!, !!, !name) is there.
        if getattr(event, "tag", None) is not None:
            raise _refused(event, "A tag (!) is not allowed; write the plain value.")

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        tag = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out
        return Scalar(*_place(event), event.value, _KINDS.get(tag, "a text"))

    def _begin(self, event: yaml.Event, value: Listing | Keyed) -> None:
        if len(self._open) >= DEEPEST:
            raise _refused(event, f"This lies more than {DEEPEST} levels deep.")
        self._put(value)
        self._open.append(value)
        self._keys.append(None)

    def _put(self, value: Value) -> None:
        if not self._open:
            if self.root is not None:
                raise Unreadable(Fault(value.line, value.column, "The file holds a second document (---)."))
            self.root = value
            return
        holder = self._open[-1]
        if isinstance(holder, Listing):
            holder.items.append(value)
        else:
            self._put_in(holder, value)

    def _put_in(self, holder: Keyed, value: Value) -> None:
        key = self._keys[-1]
        if key is not None:
            holder.pairs[key.text] = (key, value)
            self._keys[-1] = None
            return
        if not isinstance(value, Scalar):
            raise Unreadable(Fault(value.line, value.column, "A key is a single word."))
        if value.text in holder.pairs:
            first = holder.pairs[value.text][0].line
            raise Unreadable(
                Fault(
                    value.line, value.column, f"The key {quoted(value.text)} stands on line {first} already."
                )
            )
        self._keys[-1] = value


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _refused(event: yaml.Event, sentence: str) -> Unreadable:
    return Unreadable(Fault(*_place(event), sentence))
