"""Mappings as they stand: what a person mapped, what a file sets, and the page that shows both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.base import OptionKind
from integrations.mapping.judging import Target
from integrations.mapping.marked import quoted
from integrations.mapping.reading import PATH, did_you_mean
from integrations.mapping.writing import mapping_text
from integrations.models import MappingFile, Source
from integrations.queries.connections import sources_visible_to
from integrations.queries.kinds import connector_classes, known_class
from teams.models import Team
from teams.queries.rights import Actor


@dataclass(frozen=True, slots=True)
class FileLine:
    """A mapping file as it was read last. `faults` are (line, column, sentence); `lines` say it in words."""

    connection_pk: int
    connection: str
    place: str
    sha: str
    url: str
    committed_at: datetime | None
    read_at: datetime
    is_gone: bool
    faults: tuple[tuple[int, int, str], ...]

    @property
    def short_sha(self) -> str:
        return self.sha[:7]


@dataclass(frozen=True, slots=True)
class OptionLine:
    """One answer of a mapping; `is_from_file` where the file sets it."""

    label: str
    values: tuple[str, ...]
    is_from_file: bool


@dataclass(frozen=True, slots=True)
class MappedLine:
    source_pk: int
    connection_pk: int
    connection: str
    kind: str
    is_by_hand: bool
    file: FileLine | None
    options: tuple[OptionLine, ...]

    @property
    def from_file(self) -> tuple[OptionLine, ...]:
        return tuple(option for option in self.options if option.is_from_file)


@dataclass(frozen=True, slots=True)
class MappingPage:
    """`text` is the file that says what stands now. `can_have_file`: a system of the team keeps files.

    `file_hosts` are the systems that a file is read from, by name.
    """

    path: str
    text: str
    can_have_file: bool
    file_hosts: str
    files: tuple[FileLine, ...]
    mapped: tuple[MappedLine, ...]

    @property
    def line_count(self) -> int:
        """How high the field is that shows the file: its lines, and a few for those that wrap on a phone."""
        return self.text.count("\n") + 4

    @property
    def standing(self) -> tuple[FileLine, ...]:
        """Files that are there; the gone ones are told apart."""
        return tuple(file for file in self.files if not file.is_gone)

    @property
    def lead(self) -> str:
        """How the mapping stands, in a sentence."""
        if not self.mapped:
            return (
                "No system is mapped to this team yet, so nothing is read and there is nothing to write down."
            )
        broken = next((file for file in self.standing if file.faults), None)
        if broken is not None:
            count = "a fault" if len(broken.faults) == 1 else f"{len(broken.faults)} faults"
            return f"The file in {broken.place} has {count} and changes nothing."
        if self.standing:
            return f"From repository: {self.path} in {', '.join(file.place for file in self.standing)}."
        if not self.can_have_file:
            return "Mapped by hand."
        return f"Mapped by hand. The same may stand in a repository of the team, as {self.path}."


def places_of(source: Source) -> tuple[str, ...]:
    """The repositories that a person mapped, by name, in their order."""
    connector = known_class(source.connection.kind)
    for option in connector.source_options if connector else ():
        if option.kind is OptionKind.ROLES:
            value = source.mapped_by_hand.get(option.name) or ()
            lines = value.splitlines() if isinstance(value, str) else value
            return tuple(dict.fromkeys(str(line).split()[0] for line in lines if str(line).strip()))
    return ()


def targets_of(sources: Iterable[Source], record_pk: int | None = None) -> list[Target]:
    """The sources that the file with that key may speak of. No query when `connection` and `file__source` are loaded."""
    found = []
    for source in sources:
        connector = known_class(source.connection.kind)
        if connector is None:
            continue
        is_taken = source.file is not None and source.file_id != record_pk and not source.file.is_gone
        found.append(
            Target(
                source.pk,
                source.connection.name,
                connector,
                source.mapped_by_hand,
                source.file.place if is_taken and source.file is not None else "",
            )
        )
    return found


def team_of(slug: str) -> tuple[Team | None, str]:
    """The active team of that slug, or None and a sentence that offers the nearest. For operators: it names teams."""
    team = Team.objects.active().filter(slug=slug).first()
    if team is not None:
        return team, ""
    known = Team.objects.active().order_by("slug").values_list("slug", flat=True)
    return None, f"There is no team {quoted(slug)}.{did_you_mean(slug, known)}"


def sources_of(team: Team) -> list[Source]:
    """All open sources of a team, by the name of their connection. One query."""
    return list(
        Source.objects.open()
        .filter(team=team)
        .select_related("connection", "file__source__connection")
        .order_by("connection__name", "pk")
    )


def mapping_page(actor: Actor, team: Team) -> MappingPage:
    """The mappings of a team as the actor sees them. Two queries besides those of rights."""
    sources = list(
        sources_visible_to(actor)
        .filter(team=team)
        .select_related("connection", "file__source__connection")
        .order_by("connection__name", "pk")
    )
    files = (
        MappingFile.objects.filter(source__in=[source.pk for source in sources])
        .select_related("source__connection")
        .order_by("pk")
    )
    return MappingPage(
        path=PATH,
        text=mapping_text(team.slug, _as_they_stand(sources)),
        can_have_file=any(
            connector is not None and connector.gives_files()
            for connector in (known_class(source.connection.kind) for source in sources)
        ),
        file_hosts=", ".join(kind.label for kind in connector_classes() if kind.gives_files()),
        files=tuple(file_line(file) for file in files),
        mapped=tuple(mapped_line(source) for source in sources),
    )


def _as_they_stand(sources: Sequence[Source]) -> list[Target]:
    return [
        Target(source.pk, source.connection.name, connector, source.options)
        for source in sources
        if (connector := known_class(source.connection.kind)) is not None
    ]


def file_line(file: MappingFile) -> FileLine:
    """No query when `source__connection` is loaded."""
    return FileLine(
        connection_pk=file.source.connection_id,
        connection=file.source.connection.name,
        place=file.place,
        sha=file.sha,
        url=file.url,
        committed_at=file.committed_at,
        read_at=file.read_at,
        is_gone=file.is_gone,
        faults=tuple((line, column, sentence) for line, column, sentence in file.faults),
    )


def mapped_line(source: Source) -> MappedLine:
    """One mapping of a team. No query when `connection` and `file__source__connection` are loaded."""
    connector = known_class(source.connection.kind)
    return MappedLine(
        source_pk=source.pk,
        connection_pk=source.connection_id,
        connection=source.connection.name,
        kind=connector.label if connector else source.connection.kind,
        is_by_hand=source.is_by_hand,
        file=file_line(source.file) if source.file is not None else None,
        options=tuple(
            OptionLine(option.label, values, option.name in source.file_options)
            for option in (connector.source_options if connector else ())
            if (values := _values(source.options.get(option.name))) or option.name in source.file_options
        ),
    )


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return tuple(line for line in str(value or "").splitlines() if line.strip())
