"""What a connection cannot tell, in words: permissions that are missing and options that nobody filled, with what each blinds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assessments.catalog.schema import MaturityModelFile
from assessments.queries import catalog
from assessments.queries.blinding import Blinded, blinded_by
from integrations.connectors.base import Connector, Option
from integrations.models import Connection, Source

SHOWN_NAMES = 50
SHOWN_TEAMS = 3


@dataclass(frozen=True, slots=True)
class Blinding:
    """What stays unknown for one cause. `signals` are ids; `criteria` those of the active maturity model that go blind."""

    cause: str
    signals: tuple[str, ...]
    criteria: tuple[Blinded, ...]
    teams: tuple[str, ...] = ()
    source_pk: int | None = None

    @property
    def teams_in_words(self) -> str:
        """The first teams by name, and how many more."""
        named, more = self.teams[:SHOWN_TEAMS], len(self.teams) - SHOWN_TEAMS
        return ", ".join(named) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """What exists at the source for one option: as many names as a page can show, and how many there are."""

    label: str
    names: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class FoundLine:
    """What the last test that went through saw. `is_older`: the credential was changed since."""

    identity: str
    tested_at: datetime
    credential: str
    ends_at: datetime | None
    is_older: bool
    choices: tuple[ChoiceLine, ...]
    missing: tuple[Blinding, ...]
    notes: tuple[str, ...]


def active_file() -> MaturityModelFile | None:
    """The active maturity model, None before the first is activated. One query; its file is parsed once per process."""
    active = catalog.active_model()
    return catalog.model_file(active) if active is not None else None


def criteria_behind(model: MaturityModelFile | None, signals: Collection[str]) -> tuple[Blinded, ...]:
    """The criteria that go blind with these signals; none without a maturity model."""
    return blinded_by(model, signals) if model is not None and signals else ()


def found_line(
    connection: Connection, connector: type[Connector] | None, model: MaturityModelFile | None
) -> FoundLine | None:
    """What the last good test of the connection saw; None when there was none. No query."""
    found: Mapping[str, Any] = connection.found
    if not found or connection.tested_at is None:
        return None
    labels = {option.name: option.label for option in connector.source_options} if connector else {}
    set_at = connection.secret_set_at
    return FoundLine(
        identity=found.get("identity", ""),
        tested_at=connection.tested_at,
        credential=found.get("credential", ""),
        ends_at=ends_at(connection),
        is_older=set_at is not None and set_at > connection.tested_at,
        choices=tuple(
            ChoiceLine(labels.get(name, name), tuple(values[:SHOWN_NAMES]), len(values))
            for name, values in found.get("choices", {}).items()
            if values
        ),
        missing=tuple(
            Blinding(permission, tuple(signals), criteria_behind(model, signals))
            for permission, signals in found.get("missing", {}).items()
        ),
        notes=tuple(found.get("notes", ())),
    )


def ends_at(connection: Connection) -> datetime | None:
    """When the credential ends, where the source told it at the last test and it was not changed since."""
    said = connection.found.get("ends_at", "")
    if not said or connection.tested_at is None:
        return None
    set_at = connection.secret_set_at
    return None if set_at is not None and set_at > connection.tested_at else datetime.fromisoformat(said)


def missing_signals(connection: Connection) -> frozenset[str]:
    """Signals that the last good test found no permission for."""
    missing: Mapping[str, Sequence[str]] = connection.found.get("missing", {})
    return frozenset(name for signals in missing.values() for name in signals)


def empty_options(
    connector: type[Connector], sources: Sequence[Source], model: MaturityModelFile | None
) -> tuple[Blinding, ...]:
    """For each option that feeds signals and that some of these sources leave empty: what has no provider through it."""
    found = []
    for option in connector.source_options:
        without = [source for source in sources if option.feeds and not _is_filled(source, option)]
        if without:
            found.append(
                Blinding(
                    option.label,
                    option.feeds,
                    criteria_behind(model, option.feeds),
                    tuple(source.team.name for source in without),
                    without[0].pk if len(without) == 1 else None,
                )
            )
    return tuple(found)


def _is_filled(source: Source, option: Option) -> bool:
    value = source.options.get(option.name)
    return bool(value if isinstance(value, list) else str(value or "").strip())
