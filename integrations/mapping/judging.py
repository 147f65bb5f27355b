"""What a mapping file may do: set options of sources that its own team has, inside what a person mapped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from integrations.connectors.base import Connector, Option, OptionKind
from integrations.mapping.marked import quoted
from integrations.mapping.reading import (
    Answer,
    Entry,
    Faults,
    MappingText,
    Placed,
    did_you_mean,
    read_mapping,
    read_options,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A source of the team that a file may speak of. `granted` is what a person mapped; `taken_by` another file that speaks."""

    pk: int
    name: str
    kind: type[Connector]
    granted: Mapping[str, Any]
    taken_by: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """`answers`: by target, what the file sets there. Empty where there are faults: a broken file changes nothing."""

    answers: Mapping[int, Mapping[str, Answer]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)


def judge_file(content: bytes, team: str, targets: Sequence[Target]) -> Judged:
    """What the file sets on the sources of the team with that slug, or all that is wrong with it."""
    read = read_mapping(content)
    if read.text is None:
        return Judged(faults=Faults(read.faults))
    faults = Faults()
    if read.text.team.text.strip() != team:
        faults.add(
            read.text.team,
            f"This file is for the team {quoted(read.text.team.text)}, and the repository is mapped to {team}: "
            "a file speaks for its own team only.",
        )
        return Judged(faults=faults)
    answers = _answers(read.text, targets, faults)
    return Judged({} if faults else answers, faults)


def judge_form(content: bytes, kinds: Sequence[type[Connector]]) -> Faults:
    """What is wrong with the file itself, whatever a portal's teams and mappings are.

    Options of a connection that is named without its kind cannot be judged so.
    """
    read = read_mapping(content)
    if read.text is None:
        return Faults(read.faults)
    faults = Faults()
    known = {kind.kind: kind for kind in kinds}
    for entry in read.text.entries:
        if entry.kind in known:
            read_options(entry, known[entry.kind], faults)
        elif entry.kind:
            faults.add(
                entry,
                f"This portal has no connector of the kind {quoted(entry.kind)}.{did_you_mean(entry.kind, known)}",
            )
    return faults


def _answers(text: MappingText, targets: Sequence[Target], faults: Faults) -> dict[int, dict[str, Answer]]:
    found: dict[int, dict[str, Answer]] = {}
    for entry in text.entries:
        target = _target(entry, targets, faults)
        if target is None:
            continue
        if target.pk in found:
            faults.add(entry, f"{target.name} stands here a second time.")
            continue
        if target.taken_by:
            faults.add(entry, f"{target.name} follows the file in {target.taken_by} already.")
        placed = read_options(entry, target.kind, faults)
        _check_scope(target, placed, faults)
        found[target.pk] = {name: one.answer for name, one in placed.items()}
    return found


def _target(entry: Entry, targets: Sequence[Target], faults: Faults) -> Target | None:
    fitting = [
        target
        for target in targets
        if (not entry.name or target.name == entry.name)
        and (not entry.kind or target.kind.kind == entry.kind)
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(target.name for target in fitting)
        faults.add(entry, f"The team has several connections of the kind {entry.kind}; name one: {names}.")
        return None
    said, known = (
        (entry.name, [target.name for target in targets])
        if entry.name
        else (entry.kind, [target.kind.kind for target in targets])
    )
    faults.add(
        entry,
        f"The team is mapped to no connection {'named' if entry.name else 'of the kind'} {quoted(said)}; a file sets "
        f"options of mappings that are there, and makes none.{did_you_mean(said, known)}",
    )
    return None


def _check_scope(target: Target, placed: Mapping[str, Placed], faults: Faults) -> None:
    options = {option.name: option for option in target.kind.source_options}
    for name, one in placed.items():
        outside = beyond(options[name], one.answer, target.granted.get(name))
        if outside is not None:
            granted = _lines(target.granted.get(name))
            mapped = (
                ", ".join(granted[:5]) + (" and more" if len(granted) > 5 else "") if granted else "nothing"
            )
            faults.add(
                one,
                f"{name}: {quoted(outside)} is not part of what was mapped by hand ({mapped}). A file may narrow that, "
                "never widen it; who maps teams has to add it first.",
            )


def beyond(option: Option, answer: Answer, granted: Any) -> str | None:
    """The first entry of an answer that lies outside of what a person mapped; None where all lies inside.

    Nothing where something was mapped is "" and outside too: to some connectors an empty answer means everything.
    """
    if option.is_inner:
        return None
    allowed = [_name(option, line) for line in _lines(granted)]
    if allowed and not _lines(answer):
        return ""
    return next(
        (line for line in _lines(answer) if not any(_covers(one, _name(option, line)) for one in allowed)),
        None,
    )


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    return [str(line).strip() for line in value or () if str(line).strip()]


def _name(option: Option, line: str) -> str:
    return line.partition(" ")[0] if option.kind is OptionKind.ROLES else line


def _covers(granted: str, asked: str) -> bool:
    """Whether everything that `asked` names is named by `granted`, both with * and ? for any letters."""
    if granted == asked:
        return True
    if "*" in asked and "?" in granted:
        return False  # a single letter never stands for many
    return ("*" in granted or "?" in granted) and fnmatchcase(asked, granted.replace("[", "[[]"))
