"""A mapping file read strictly: what it says, or every fault with its line. Pure.

version: 1
team: churn
connections:
  - name: GitHub
    options:
      training_workflows: [train.yml]
  - kind: mlflow
    options:
      experiments:
        - churn-training
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from integrations.connectors.base import Connector, Option, OptionKind
from integrations.mapping.marked import (
    Fault,
    Keyed,
    Listing,
    Scalar,
    Unreadable,
    Value,
    marked_values,
    quoted,
)

PATH = ".mlops-portal.yaml"
VERSION = "1"
MOST_LINES = 200
LONGEST_TEXT = 500
MOST_FAULTS = 20

Answer = str | list[str]


@dataclass(frozen=True, slots=True)
class Placed:
    """An answer to an option, and where it stands."""

    line: int
    column: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Entry:
    """What the file says of one connection, named by its name, its kind or both."""

    line: int
    column: int
    name: str
    kind: str
    options: Keyed | None


@dataclass(frozen=True, slots=True)
class MappingText:
    """What a file says. `team` may be any text: who it is for is for others to judge."""

    team: Scalar
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """`text` is None exactly when there are faults."""

    text: MappingText | None
    faults: tuple[Fault, ...]


class Faults(list[Fault]):
    """Faults as they are found; further ones than MOST_FAULTS help nobody."""

    def add(self, value: Value | Entry | Placed, sentence: str) -> None:
        if len(self) < MOST_FAULTS:
            self.append(Fault(value.line, value.column, sentence))


def read_mapping(content: bytes) -> Read:
    """What the file says, options still unread (`read_options`), or what is wrong with it."""
    faults = Faults()
    try:
        top = marked_values(content)
    except Unreadable as error:
        return Read(None, (error.fault,))
    if not isinstance(top, Keyed):
        faults.add(top, f"The file begins with keys (version, team, connections), not with {top.kind}.")
        return Read(None, tuple(faults))
    _only(top, ("version", "team", "connections"), faults, "The file")
    _version(top, faults)
    team = _scalar(top, "team", faults)
    entries = _entries(top, faults)
    if faults or team is None:
        return Read(None, tuple(faults))
    return Read(MappingText(team, tuple(entries)), ())


def _version(top: Keyed, faults: Faults) -> None:
    version = _scalar(top, "version", faults, number=True)
    if version is not None and version.text != VERSION:
        faults.add(
            version, f"Version {quoted(version.text)} is not known; this portal reads version {VERSION}."
        )


def _entries(top: Keyed, faults: Faults) -> list[Entry]:
    if "connections" not in top.pairs:
        faults.add(top, "The key connections is missing.")
        return []
    _, listed = top.pairs["connections"]
    if not isinstance(listed, Listing):
        faults.add(listed, f"connections is a list (- name: ...), not {listed.kind}.")
        return []
    return [entry for item in listed.items if (entry := _entry(item, faults)) is not None]


def _entry(item: Value, faults: Faults) -> Entry | None:
    if not isinstance(item, Keyed):
        faults.add(item, f"A connection has the keys name or kind, and options; here stands {item.kind}.")
        return None
    _only(item, ("name", "kind", "options"), faults, "A connection")
    if not {"name", "kind"} & item.pairs.keys():
        faults.add(item, "This connection has neither name nor kind.")
    name, kind = (_scalar(item, key, faults) if key in item.pairs else None for key in ("name", "kind"))
    options: Keyed | None = None
    if "options" in item.pairs:
        _, given = item.pairs["options"]
        if isinstance(given, Keyed):
            options = given
        else:
            faults.add(given, f"options holds keys with values, not {given.kind}.")
    return Entry(item.line, item.column, name.text if name else "", kind.text if kind else "", options)


def _scalar(holder: Keyed, key: str, faults: Faults, *, number: bool = False) -> Scalar | None:
    if key not in holder.pairs:
        faults.add(holder, f"The key {key} is missing.")
        return None
    _, value = holder.pairs[key]
    wanted = ("a number",) if number else ("a text", "a number")
    if not isinstance(value, Scalar) or value.kind not in wanted:
        faults.add(value, f"{key} is {wanted[0]}, not {value.kind}.")
        return None
    if not value.text.strip():
        faults.add(value, f"{key} is empty.")
        return None
    return value


def _only(holder: Keyed, known: Sequence[str], faults: Faults, what: str) -> None:
    for key, _ in holder.pairs.values():
        if key.text not in known:
            faults.add(key, f"{what} has no key {quoted(key.text)}.{did_you_mean(key.text, known)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest of the known words, or all of them; it begins with a space."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    if near:
        return f" Did you mean {near[0]}?"
    return f" Known here: {', '.join(names[:30])}." if names else ""


def read_options(entry: Entry, kind: type[Connector], faults: Faults) -> dict[str, Placed]:
    """The answers of an entry by exactly the options that its connector declares for a mapping; faults are added."""
    if entry.options is None:
        return {}
    declared = {option.name: option for option in kind.source_options}
    on_connection = {option.name for option in kind.connection_options}
    found: dict[str, Placed] = {}
    for key, value in entry.options.pairs.values():
        option = declared.get(key.text)
        if option is not None:
            before = len(faults)
            answer = _READERS[option.kind](option, value, faults)
            if len(faults) == before:
                found[option.name] = Placed(value.line, value.column, answer)
        elif key.text in on_connection:
            faults.add(
                key,
                f"{key.text} belongs to the connection itself: no file in a repository sets it or any credential.",
            )
        else:
            faults.add(
                key, f"{kind.label} has no option {quoted(key.text)}.{did_you_mean(key.text, declared)}"
            )
    return found


def _line(option: Option, value: Value, faults: Faults) -> str:
    if not isinstance(value, Scalar):
        faults.add(value, f"{option.name}: a text is needed here, not {value.kind}.")
        return ""
    if value.kind not in {"a text", "a number"}:
        faults.add(
            value,
            f"{option.name}: YAML takes {quoted(value.text)} for {value.kind}; write it in quotes.",
        )
        return ""
    if not value.text.strip():
        faults.add(value, f"{option.name}: this entry is empty.")
    elif len(value.text) > LONGEST_TEXT or not value.text.isprintable():
        faults.add(value, f"{option.name}: one line of at most {LONGEST_TEXT} letters is needed here.")
    return value.text.strip()


def _text(option: Option, value: Value, faults: Faults) -> Answer:
    if isinstance(value, Scalar) and value.kind == "a text" and not value.text and not option.is_required:
        return ""
    return _line(option, value, faults)


def _choice(option: Option, value: Value, faults: Faults) -> Answer:
    before = len(faults)
    chosen = _line(option, value, faults)
    if len(faults) == before and chosen not in option.choices:
        faults.add(
            value,
            f"{option.name}: {quoted(chosen)} cannot be chosen.{did_you_mean(chosen, option.choices)}",
        )
    return chosen


def _lines(option: Option, value: Value, faults: Faults) -> Answer:
    if not isinstance(value, Listing):
        faults.add(value, f"{option.name} is a list (- one entry a line), not {value.kind}.")
        return []
    if len(value.items) > MOST_LINES:
        faults.add(value, f"{option.name} has {len(value.items)} entries; {MOST_LINES} is the most.")
        return []
    if option.is_required and not value.items:
        faults.add(value, f"{option.name}: at least one entry is needed.")
    return list(dict.fromkeys(_line(option, item, faults) for item in value.items))


def _roles(option: Option, value: Value, faults: Faults) -> Answer:
    before = len(faults)
    lines = _lines(option, value, faults)
    if isinstance(value, Listing) and len(faults) == before:
        for item in value.items:
            _check_roles(option, item, faults)
    return lines


def _check_roles(option: Option, item: Value, faults: Faults) -> None:
    if not isinstance(item, Scalar):
        return
    for role in item.text.partition(" ")[2].replace(",", " ").split():
        if option.choices and role not in option.choices:
            faults.add(item, f"{option.name}: {quoted(role)} is no role.{did_you_mean(role, option.choices)}")


_READERS: dict[OptionKind, Callable[[Option, Value, Faults], Answer]] = {
    OptionKind.TEXT: _text,
    # No source option is a secret; one that came to be is refused by `judge_file` as what it is.
    OptionKind.SECRET: _line,
    OptionKind.LIST: _lines,
    OptionKind.ROLES: _roles,
    OptionKind.CHOICE: _choice,
}
