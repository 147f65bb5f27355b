"""What every connector is made of: what it asks of people, what it gives back, how it fails. Pure: no Django, no models.

A connector reads one outside system for one team at a time and pools whatever belongs together inside that system (two
repositories, three experiments), so one collection gives at most one observation per signal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from integrations.connectors.http import Http
from integrations.connectors.memory import Forgetful, Memory


class OptionKind(StrEnum):
    """How an option is asked for. LIST: one entry a line. ROLES: lines of `name role[,role]` (a repository and its roles)."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 -- a kind of form field, not a secret
    LIST = "list"
    ROLES = "roles"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing people have to tell. The connection and mapping forms are built from these."""

    name: str
    label: str
    help: str
    kind: OptionKind = OptionKind.TEXT
    is_required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    # Signals that stay unknown (not_configured) while this option is empty.
    feeds: tuple[str, ...] = ()
    # It names or describes something inside of what is mapped (a workflow, an alias, a pattern), so a file in the team's
    # repository may set it freely. Any other option says what belongs to the team: such a file may narrow it to a part of
    # what a person mapped, never widen it.
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """One observed value of one signal, or why there is none.

    `value` is None exactly when `reason` is set (assessments.vocabulary.Reason). `bound` is exact or lower. `sample` says
    on how many items the value rests. Shares carry `numerator` and `denominator`, so that they pool across systems.
    `url` is a page a person can open at the source. `detail` is one sentence in words for a person.
    """

    signal: str
    value: float | bool | None
    reason: str = ""
    bound: str = "exact"
    sample: int | None = None
    numerator: float | None = None
    denominator: float | None = None
    url: str = ""
    detail: str = ""


class FactKind(StrEnum):
    """Small facts that signals joining two systems need (RULINGS 7); kept per source for their window."""

    TRAINING_RUN = "training_run"  # a CI run of a training workflow: sha, started_at, finished_at
    COMMIT = "commit"  # a commit that exists in a connected repository: sha
    VERSION = "version"  # a model version: name, number, run_id, run_url, digest; sha, started_at, finished_at of its run
    DEPLOYMENT = (
        "deployment"  # a deployment to production that succeeded: sha, name of the environment, number, url
    )
    ALERT = "alert"  # a drift alert began to fire: happened_at


@dataclass(frozen=True, slots=True)
class Fact:
    """`key` names the thing inside its source (a run id, a sha, model/version); `happened_at` places it in a window.

    `digest` is that of the training data as the run names it. Addresses are pages that a person can open.
    """

    kind: FactKind
    key: str
    happened_at: datetime
    sha: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    is_live: bool = False
    has_run: bool = False
    has_digest: bool = False
    url: str = ""
    name: str = ""
    number: str = ""
    run_id: str = ""
    run_url: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection of one source gives. `notes` are sentences for the run record.

    `identities`: a name that people gave, in small letters -> the number that answered to it, which never changes hands.

    `checked_shas` are the wanted commits that were looked up everywhere: one of them without a COMMIT fact is not there.
    """

    observations: tuple[Observation, ...]
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    checked_shas: tuple[str, ...] = ()
    identities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What "Test connection" saw. `choices`: option name -> what exists at the source. `missing`: permission -> signals.

    `missing` names the joined signals too that need what is hidden. `credential` says in words what kind of credential it
    is, with its scopes where the source tells them; `ends_at` when it ends.
    """

    identity: str
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    credential: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file at the head of a default branch: its bytes, the commit that wrote it last, a page that a person can open."""

    content: bytes
    sha: str
    committed_at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a collection is asked. `until` pins the upper end of every window, so that new rows cannot shift pages.

    `options` are the mapping's answers to `source_options` (lists are lists of strings). `wanted_shas` are commits that
    live versions elsewhere name; a source host answers with a COMMIT fact for each that it has. `memory` is what the source
    remembers of earlier collections, `identities` what Collected.identities told when the mapping was first read.
    """

    until: datetime
    options: Mapping[str, Any]
    wanted_shas: tuple[str, ...] = ()
    memory: Memory = field(default_factory=Forgetful)
    identities: Mapping[str, str] = field(default_factory=dict)


class Connector(ABC):
    """Reads one outside system. Raises http.SourceError when the system as a whole could not be read."""

    kind: ClassVar[str]
    label: ClassVar[str]
    # The page of the system that a person knows, e.g. https://api.github.com; shown as the default of the address field.
    default_base_url: ClassVar[str] = ""
    # What to enter there, with an address such as this system has.
    base_url_help: ClassVar[str] = "As you open it in the browser."
    connection_options: ClassVar[tuple[Option, ...]] = ()
    source_options: ClassVar[tuple[Option, ...]] = ()
    # Every signal this connector answers for: an observation for each, at every collection.
    signals: ClassVar[frozenset[str]]
    # Signals that need a second system (RULINGS 7). The connector gives their facts and no observation: a service of
    # `integrations` joins the facts of all sources of a team and writes the value. Never among `signals`.
    joined: ClassVar[frozenset[str]] = frozenset()
    # What a credential may lack, in the words of the source, with the signals that stay unknown without it, joined ones
    # included. `test` names these and no others; each has a row in tests/integrations/connectors/test_doctor.py.
    permissions: ClassVar[Mapping[str, Sequence[str]]] = {}

    @classmethod
    @abstractmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """Request headers made of the connection's options, the credential among them."""

    @classmethod
    def pages_of(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Where the pages of what a team mapped lie, below the connection's address: only these and all below them are asked
        for with its credential, for somebody of the team chose the address. None means that none is.
        """
        return ()

    def __init__(self, http: Http) -> None:
        self.http = http

    @abstractmethod
    def test(self) -> Found:
        """What is reachable with this credential, within a few small requests."""

    @abstractmethod
    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`: a value, or the reason why there is none. Never a zero for "could not read"."""

    def read_file(self, place: str, path: str) -> SourceFile | None:
        """A file of a repository (the first word of a ROLES line); None where it is proven that there is none.

        Raises http.SourceError where that cannot be told. Only connectors of systems that keep code have this method.
        """
        raise NotImplementedError(f"{self.label} keeps no files.")

    def has_page(self, fragment: str, options: Mapping[str, Any]) -> bool | None:
        """Whether a page that exists in the browser only (`#/...`) is there; False as well where it is not of what the team
        mapped, None where only a browser could tell. Raises http.SourceError, with its status where it is gone.
        """
        return None

    @classmethod
    def gives_files(cls) -> bool:
        """Whether the system keeps files that `read_file` reads."""
        return cls.read_file is not Connector.read_file
