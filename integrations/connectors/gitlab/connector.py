"""GitLab, of gitlab.com or an organisation's own: projects, merge requests, pipelines and deployments of one team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

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
from integrations.connectors.common import change_signals, ci_signals, code_signals
from integrations.connectors.common.change_signals import observe_changes
from integrations.connectors.common.ci_signals import observe_ci, observe_tests
from integrations.connectors.common.code_signals import observe_code
from integrations.connectors.common.commits import look_up
from integrations.connectors.common.comparing import Comparer
from integrations.connectors.common.places import identities_of, note_on
from integrations.connectors.common.pool import unknown
from integrations.connectors.common.release_signals import (
    Windows,
    deployment_facts,
    observe_releases,
    production_of,
)
from integrations.connectors.common.releases import Line, Release
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS, Setup
from integrations.connectors.common.training_signals import observe_training, training_facts
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.accounts import Accounts
from integrations.connectors.gitlab.commits import compare, find_commit
from integrations.connectors.gitlab.files import read_file
from integrations.connectors.gitlab.found import PERMISSIONS, look_round
from integrations.connectors.gitlab.lines import Deployments
from integrations.connectors.gitlab.merge_requests import MergeRequests
from integrations.connectors.gitlab.options import CONNECTION_OPTIONS, SOURCE_OPTIONS, read_setup
from integrations.connectors.gitlab.origins import Origins
from integrations.connectors.gitlab.places import Code, Projects, ask_projects
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.gitlab.server import NO_PIPELINE, BuildServer, ask_branch_runs
from integrations.connectors.gitlab.trainings import Trainer

PIPELINES = "/-/pipelines"
SPENT = "The number of questions that one collection may ask was used up; map fewer projects to one source."

# Signals that GitLab feeds by facts and that a service joins with the other side (RULINGS 7); no observation here.
JOINED = frozenset({"mlflow.versions_from_ci_share_90d"})


class GitlabConnector(Connector):
    """Reads within a thousand questions, one after the other."""

    kind: ClassVar[str] = "gitlab"
    label: ClassVar[str] = "GitLab"
    default_base_url: ClassVar[str] = "https://gitlab.com"
    base_url_help: ClassVar[str] = (
        "As you open it in the browser. One of your own has an address such as https://gitlab.example.org."
    )
    connection_options: ClassVar[tuple[Option, ...]] = CONNECTION_OPTIONS
    source_options: ClassVar[tuple[Option, ...]] = SOURCE_OPTIONS
    signals: ClassVar[frozenset[str]] = frozenset(
        (
            *code_signals.SIGNALS,
            *change_signals.SIGNALS,
            *ci_signals.SIGNALS,
            *TRAINING_SIGNALS,
            *DEPLOY_SIGNALS,
        )
    )
    joined: ClassVar[frozenset[str]] = JOINED
    permissions: ClassVar[Mapping[str, Sequence[str]]] = PERMISSIONS

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """The token as a bearer's: its own header, PRIVATE-TOKEN, is one that clients carry along to other hosts."""
        return {"Authorization": f"Bearer {options.get('token', '').strip()}"}

    @classmethod
    def pages_of(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Projects that are named by their path; a number is no address."""
        names = (mapped.full_name for mapped in read_setup(options).repositories if not mapped.problem)
        return tuple(name for name in names if not name.isdecimal())

    def test(self) -> Found:
        """What is reachable with this credential, and which rights are missing."""
        return look_round(Reader(self.http, budget=40))

    def read_file(self, place: str, path: str) -> SourceFile | None:
        """A file on the default branch of the project `group/project`, in three small questions. Raises SourceError."""
        return read_file(Reader(self.http, budget=5), place, path)

    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`, with the facts that other systems' signals need.

        Raises SourceError when the credential is refused, GitLab's limit is reached (with the time to come back), or the
        server does not answer. What only a part of the credential's rights or projects hides is unknown, said so.
        """
        setup = read_setup(question.options)
        if not setup.repositories:
            nothing = "No project is named."
            return Collected(tuple(unknown(name, "not_configured", nothing) for name in sorted(self.signals)))
        reader = Reader(self.http)
        projects = ask_projects(reader, setup, question.identities)
        observations, facts = _read(reader, projects, setup, question)
        commits, checked, notes = look_up(partial(find_commit, reader), projects.asked, question.wanted_shas)
        return Collected(
            observations=tuple(sorted(observations, key=lambda observation: observation.signal)),
            facts=(*facts, *commits),
            notes=(
                *setup.notes,
                *(gap for one in projects.asked if (gap := note_on(one))),
                *notes,
                *([SPENT] if reader.is_spent else []),
            ),
            checked_shas=tuple(checked),
            identities=identities_of(projects.asked),
        )


def _read(
    reader: Reader, projects: Projects, setup: Setup, question: Question
) -> tuple[list[Observation], list[Fact]]:
    """The order of reading: cheap questions first, so that a spent budget costs the dearest signals only."""
    until, asked = question.until, projects.asked
    remembering = Remembering(question.memory, until)
    accounts = Accounts(reader, remembering)
    observations = observe_code(Code(reader, projects), asked, setup)
    server = BuildServer(reader, remembering, accounts, projects, setup.test_step)
    branch_runs = ask_branch_runs(server, asked, until=until)
    merge_requests = MergeRequests(reader, remembering, accounts, projects, setup.hotfix_marks)
    histories = merge_requests.ask(asked)
    deployments = Deployments(reader, remembering, accounts, projects)
    lines = deployments.lines(asked, setup.production)
    production = production_of(lines, Windows(until), page="/-/environments")
    trainings = Trainer(reader, remembering, server).ask(asked, setup.training_workflows)
    observations += observe_training(trainings, until=until)
    observations += observe_ci(server, branch_runs, nowhere=NO_PIPELINE, page=PIPELINES, tells_attempts=False)
    observations += observe_releases(
        production,
        origins=Origins(server, reader, remembering, accounts),
        comparer=Comparer(partial(compare, reader, remembering), histories, setup.hotfix_marks),
        trials=deployments.trials(asked, setup.preproduction)
        if setup.preproduction and not isinstance(production, Unread)
        else Unread("not_configured", "No pre-production environment is named."),
    )
    observations += observe_changes(
        server,
        histories,
        reviewed=merge_requests.reviewed,
        nowhere=NO_PIPELINE,
        page="/-/merge_requests?state=merged",
        until=until,
    )
    # The number of test cases is shown and judged by nothing: it may want for questions before any other.
    observations.append(observe_tests(server, branch_runs, nowhere=NO_PIPELINE, page=PIPELINES))
    facts = [*training_facts(trainings), *deployment_facts(lines, page=_page_of)]
    return observations, facts


def _page_of(line: Line, release: Release) -> str:
    """The pipeline that deployed, else the list of environments."""
    if release.run_id:
        return f"{line.place.url}{PIPELINES}/{release.run_id}"
    return f"{line.place.url}/-/environments"
