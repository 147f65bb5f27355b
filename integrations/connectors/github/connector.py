"""GitHub, and GitHub Enterprise under its own address: repositories, changes, workflow runs and deployments of one team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from integrations.connectors.base import (
    Collected,
    Connector,
    Fact,
    Found,
    Observation,
    Option,
    Question,
    SourceFile,
)
from integrations.connectors.common import code_signals
from integrations.connectors.common.change_signals import observe_changes
from integrations.connectors.common.ci_signals import observe_ci
from integrations.connectors.common.code_signals import observe_code
from integrations.connectors.common.commits import look_up
from integrations.connectors.common.comparing import Comparer
from integrations.connectors.common.places import Asked, identities_of, note_on
from integrations.connectors.common.pool import unknown
from integrations.connectors.common.release_signals import (
    Production,
    Windows,
    deployment_facts,
    observe_releases,
    production_of,
)
from integrations.connectors.common.releases import Release
from integrations.connectors.common.setup import DEPLOY_SIGNALS, Setup
from integrations.connectors.common.training_signals import observe_training, training_facts
from integrations.connectors.common.unread import Unread
from integrations.connectors.github import gather_changes, gather_runs, places
from integrations.connectors.github.comparing import compare
from integrations.connectors.github.facts import find_commit
from integrations.connectors.github.files import read_file
from integrations.connectors.github.found import PERMISSIONS, look_round
from integrations.connectors.github.lines import ask_lines, ask_trials, page_of
from integrations.connectors.github.options import CONNECTION_OPTIONS, SOURCE_OPTIONS, read_setup
from integrations.connectors.github.origins import Origins
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.server import NO_WORKFLOW, BuildServer

API_VERSION = "2022-11-28"
NO_TEST_COUNTS = "GitHub Actions reports no number of tests."
SPENT = (
    "The number of questions that one collection may ask was used up; map fewer repositories to one source."
)

# Signals that GitHub feeds by facts and that a service joins with the other side (RULINGS 7); no observation here.
JOINED = frozenset({"mlflow.versions_from_ci_share_90d"})


class GithubConnector(Connector):
    """Reads within a thousand questions, one after the other, as GitHub asks of its clients."""

    kind: ClassVar[str] = "github"
    label: ClassVar[str] = "GitHub"
    default_base_url: ClassVar[str] = "https://api.github.com"
    base_url_help: ClassVar[str] = (
        "Where its API answers. A server of your own answers at an address such as "
        "https://github.example.org/api/v3."
    )
    connection_options: ClassVar[tuple[Option, ...]] = CONNECTION_OPTIONS
    source_options: ClassVar[tuple[Option, ...]] = SOURCE_OPTIONS
    signals: ClassVar[frozenset[str]] = frozenset(
        (*code_signals.SIGNALS, *gather_changes.SIGNALS, *gather_runs.SIGNALS, *DEPLOY_SIGNALS)
    )
    joined: ClassVar[frozenset[str]] = JOINED
    permissions: ClassVar[Mapping[str, Sequence[str]]] = PERMISSIONS

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """Headers by GitHub's rules: the version of its API, a name for the client, the token."""
        return {
            # Beside GitHub's own type the plain one, which proxies and description-driven servers know.
            "Accept": "application/vnd.github+json, application/json;q=0.9",
            "Authorization": f"Bearer {options.get('token', '').strip()}",
            "User-Agent": "mlops-portal",
            "X-GitHub-Api-Version": API_VERSION,
        }

    def test(self) -> Found:
        """What is reachable with this credential, and which permissions are missing."""
        return look_round(Reader(self.http, budget=40))

    def read_file(self, place: str, path: str) -> SourceFile | None:
        """A file on the default branch of the repository `owner/name`, in two small questions. Raises SourceError."""
        return read_file(Reader(self.http, budget=4), place, path)

    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`, with the facts that other systems' signals need.

        Raises SourceError when the credential is refused, GitHub's limit is reached (with the time to come back), or
        the server does not answer. What only a part of the credential's rights or repositories hides is unknown, said so.
        """
        setup = read_setup(question.options)
        if not setup.repositories:
            nothing = "No repository is named."
            return Collected(tuple(unknown(name, "not_configured", nothing) for name in sorted(self.signals)))
        reader = Reader(self.http, memory=question.memory)
        asked = places.ask_places(reader, setup, question.identities)
        observations, facts = _read(reader, asked, setup, question)
        commits, checked, notes = look_up(partial(find_commit, reader), asked, question.wanted_shas)
        return Collected(
            observations=tuple(sorted(observations, key=lambda observation: observation.signal)),
            facts=(*facts, *commits),
            notes=(
                *setup.notes,
                *(gap for one in asked if (gap := note_on(one))),
                *notes,
                *([SPENT] if reader.is_spent else []),
            ),
            checked_shas=tuple(checked),
            identities=identities_of(asked),
        )


def _read(
    reader: Reader, asked: Sequence[Asked], setup: Setup, question: Question
) -> tuple[list[Observation], list[Fact]]:
    """The order of reading: cheap questions first, so that a spent budget costs the dearest signals only."""
    windows = Windows(question.until)
    until = question.until
    observations = observe_code(places.Code(reader), asked, setup)
    server = BuildServer(reader, setup.test_step)
    branch_runs = gather_runs.ask_branch_runs(server, asked, until=until)
    trainings = gather_runs.ask_trainings(server, asked, setup.training_workflows, until=until)
    # Repairs of releases are told by changes merged up to half a year ago.
    since = windows.since(187 if setup.production else 90)
    histories = gather_changes.ask_changes(reader, asked, setup.hotfix_marks, since=since, until=until)
    lines = ask_lines(reader, asked, setup.production, since=windows.since(180), until=until)
    production = production_of(lines, windows, page="/deployments")
    observations += observe_training(trainings, until=until)
    observations += observe_ci(server, branch_runs, nowhere=NO_WORKFLOW, page="/actions")
    observations.append(unknown("ci.tests_executed_p50", "unsupported", NO_TEST_COUNTS))
    observations += observe_releases(
        production,
        origins=Origins(server, setup.deploy_workflows),
        comparer=Comparer(partial(compare, reader), histories, setup.hotfix_marks),
        trials=_trials(reader, asked, setup, production),
    )
    observations += observe_changes(
        server,
        histories,
        reviewed=partial(gather_changes.reviewed, reader),
        nowhere=NO_WORKFLOW,
        page="/pulls",
        until=until,
    )
    return observations, [*training_facts(trainings), *deployment_facts(lines, page=page_of)]


def _trials(
    reader: Reader, asked: Sequence[Asked], setup: Setup, production: Production | Unread
) -> dict[str, list[Release] | Unread] | Unread:
    """Releases to pre-production environments, or why they cannot speak."""
    if not setup.preproduction:
        return Unread("not_configured", "No pre-production environment is named.")
    if isinstance(production, Unread):
        return production
    shas = frozenset(release.sha for line in production.lines for release in production.releases(line, 90))
    windows = production.windows
    return ask_trials(reader, asked, setup.preproduction, shas, since=windows.since(120), until=windows.until)
