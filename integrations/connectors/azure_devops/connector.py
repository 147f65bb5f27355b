"""Azure DevOps, in the cloud and on a server of one's own: repositories, pull requests, builds and deployments of one team."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from integrations.connectors.azure_devops.asking import AzureAsker
from integrations.connectors.azure_devops.builds import definitions_meant
from integrations.connectors.azure_devops.changes import Changes
from integrations.connectors.azure_devops.files import read_file
from integrations.connectors.azure_devops.found import PERMISSIONS, look_round
from integrations.connectors.azure_devops.host import NO_PIPELINE, AzureHost
from integrations.connectors.azure_devops.lines import Environments, Origins, compare, trials_of
from integrations.connectors.azure_devops.options import CONNECTION_OPTIONS, SOURCE_OPTIONS, read_setup
from integrations.connectors.azure_devops.places import Code, ask_places, find_commit
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
from integrations.connectors.common import (
    change_signals,
    ci_signals,
    code_signals,
    release_signals,
    training_signals,
)
from integrations.connectors.common.change_signals import observe_changes
from integrations.connectors.common.ci_signals import SAMPLED_RUNS, BranchRuns, observe_ci
from integrations.connectors.common.code_signals import observe_code
from integrations.connectors.common.commits import look_up
from integrations.connectors.common.comparing import Comparer
from integrations.connectors.common.places import Asked, Named, Place, note_on
from integrations.connectors.common.pool import first_gap, middle, unknown, unread
from integrations.connectors.common.release_signals import (
    Production,
    Windows,
    deployment_facts,
    observe_releases,
    production_of,
)
from integrations.connectors.common.releases import Release
from integrations.connectors.common.runs import on_branch
from integrations.connectors.common.setup import TEST_WORDS, Setup, first_of
from integrations.connectors.common.training_signals import Trainings, observe_training, training_facts
from integrations.connectors.common.unread import Unread

SPENT = (
    "The number of questions that one collection may ask was used up; map fewer repositories to one source."
)
# Builds are looked for so many days before the oldest release that counts.
BEFORE = 30

# Signals that Azure DevOps feeds by facts and that a service joins with the other side (RULINGS 7); no observation here.
JOINED = frozenset({"mlflow.versions_from_ci_share_90d"})


class AzureDevopsConnector(Connector):
    """Reads within a thousand questions, one after the other, and goes away when it is asked for patience."""

    kind: ClassVar[str] = "azure_devops"
    label: ClassVar[str] = "Azure DevOps"
    default_base_url: ClassVar[str] = "https://dev.azure.com/"
    base_url_help: ClassVar[str] = (
        "It ends with your organisation: https://dev.azure.com/acme. On a server of your own it ends "
        "with the collection: https://azure.example.org/DefaultCollection."
    )
    connection_options: ClassVar[tuple[Option, ...]] = CONNECTION_OPTIONS
    source_options: ClassVar[tuple[Option, ...]] = SOURCE_OPTIONS
    signals: ClassVar[frozenset[str]] = frozenset(
        (
            *code_signals.SIGNALS,
            *change_signals.SIGNALS,
            *ci_signals.SIGNALS,
            *training_signals.SIGNALS,
            *release_signals.SIGNALS,
        )
    )
    joined: ClassVar[frozenset[str]] = JOINED
    permissions: ClassVar[Mapping[str, Sequence[str]]] = PERMISSIONS

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """Basic authentication with an empty user, and the wish for a refusal instead of a sign-in page."""
        token = options.get("token", "").strip()
        return {
            "Authorization": "Basic " + base64.b64encode(f":{token}".encode()).decode("ascii"),
            "X-TFS-FedAuthRedirect": "Suppress",
        }

    @classmethod
    def pages_of(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Repositories; other pages of a project belong to no single one."""
        names = (mapped.full_name for mapped in read_setup(options).repositories if not mapped.problem)
        return tuple("/_git/".join(name.split("/", 1)) for name in names)

    def test(self) -> Found:
        """What is reachable with this credential, and which scopes are missing."""
        return look_round(AzureAsker(self.http, budget=40))

    def read_file(self, place: str, path: str) -> SourceFile | None:
        """A file on the default branch of `project/repository`, in four small questions. Raises SourceError."""
        return read_file(AzureAsker(self.http, budget=6), place, path)

    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`, with the facts that other systems' signals need.

        Raises SourceError when the credential is refused, Azure DevOps asks for patience (with the time to come back), or the
        server does not answer. What only a part of the credential's scopes hides is unknown, said so.
        """
        setup = read_setup(question.options)
        if not setup.repositories:
            nothing = "No repository is named."
            return Collected(tuple(unknown(name, "not_configured", nothing) for name in sorted(self.signals)))
        asker = AzureAsker(self.http, at=question.until)
        asked = ask_places(asker, setup)
        observations, facts = _read(asker, asked, setup, question)
        commits, checked, notes = look_up(partial(find_commit, asker), asked, question.wanted_shas)
        return Collected(
            observations=tuple(sorted(observations, key=lambda observation: observation.signal)),
            facts=(*facts, *commits),
            notes=(
                *setup.notes,
                *(gap for one in asked if (gap := note_on(one))),
                *notes,
                *([SPENT] if asker.is_spent else []),
            ),
            checked_shas=tuple(checked),
        )


def _read(
    asker: AzureAsker, asked: Sequence[Asked], setup: Setup, question: Question
) -> tuple[list[Observation], list[Fact]]:
    """The order of reading: cheap questions first, so that a spent budget costs the dearest signals only."""
    until, memory = question.until, question.memory
    windows = Windows(until)
    words = first_of(question.options, "test_step_words") or TEST_WORDS
    days = 90 + BEFORE if setup.production else 90
    host = AzureHost(asker, memory, words, setup.test_step, until=until, days=days)
    observations = observe_code(Code(asker), asked, setup)
    branch_runs = _branch_runs(host, asked, windows.since(30))
    trainings = _trainings(host, asked, setup.training_workflows, windows.since(90))
    changes = Changes(asker, memory, until)
    # Repairs of releases are told by changes merged up to half a year ago.
    histories = changes.ask(asked, 187 if setup.production else 90)
    environments = Environments(asker, memory, host, until)
    lines = environments.lines(asked, setup.production)
    production = production_of(lines, windows, page="")
    observations += observe_training(trainings, until=until)
    observations += observe_ci(host, branch_runs, nowhere=NO_PIPELINE, page="")
    observations += observe_releases(
        production,
        origins=Origins(host, environments),
        comparer=Comparer(partial(compare, asker), histories, setup.hotfix_marks),
        trials=_trials(environments, asked, setup, production),
    )
    of_changes = observe_changes(
        host, histories, reviewed=changes.reviewed, nowhere=NO_PIPELINE, page="/pullrequests", until=until
    )
    observations += [_with_purged(one, host, asked) for one in of_changes]
    observations.append(_tests_executed(host, branch_runs))
    sent = deployment_facts(lines, page=lambda _, release: environments.build(release).run.url)
    return observations, [*training_facts(trainings), *sent]


def _branch_runs(host: AzureHost, asked: Sequence[Asked], since: datetime) -> list[BranchRuns | Unread]:
    """Runs of the default branches since then, one entry a repository. A repository without pipelines has no entry."""
    found: list[BranchRuns | Unread] = []
    for one in asked:
        if isinstance(one.found, Unread):
            found.append(one.found)
            continue
        has_ci = host.has_ci(one.found)
        if has_ci is False:
            continue
        builds = has_ci if isinstance(has_ci, Unread) else host.builds(one.found)
        if isinstance(builds, Unread):
            found.append(builds)
            continue
        recent = [build.run for build in builds.builds if build.run.created_at >= since]
        gap = builds.missing(since)
        found.append(BranchRuns(one.found, tuple(on_branch(recent, one.found.branch)), gap))
    return found


def _trainings(
    host: AzureHost, asked: Sequence[Asked], named: Sequence[Named], since: datetime
) -> list[Trainings | Unread]:
    """Runs of every pipeline named as training. A name that no pipeline answers to is Unread: it may have been renamed."""
    found: list[Trainings | Unread] = []
    met: set[Named] = set()
    for one in asked:
        here = [name for name in named if name.is_in(one.mapped.full_name)]
        if not here:
            continue
        if isinstance(one.found, Unread):
            found.append(one.found)
            continue
        definitions = host.definitions(one.found)
        if isinstance(definitions, Unread):
            found.append(definitions)
            continue
        meant = definitions_meant(here, definitions, one.mapped.full_name)
        met |= {name for name in here if any(definition.answers_to(name.name) for definition in meant)}
        builds = host.builds(one.found) if meant else None
        if isinstance(builds, Unread):
            found.append(builds)
        elif builds is not None:
            gap, numbers = builds.missing(since), {definition.id for definition in meant}
            runs = (build.run for build in builds.builds if build.run.definition_id in numbers)
            kept = tuple(run for run in runs if run.is_counted and run.created_at >= since)
            found.append(Trainings(kept, gap))
    if not any(isinstance(entry, Unread) for entry in found):
        found += [
            Unread("not_configured", f"No pipeline answers to “{name.name[:80]}”.")
            for name in named
            if name not in met
        ]
    return found


def _with_purged(one: Observation, host: AzureHost, asked: Sequence[Asked]) -> Observation:
    """A change without a run may have had one that was deleted: runs of pull requests go before others."""
    if one.signal != "ci.change_coverage_30d" or one.value is None or one.numerator == one.denominator:
        return one
    places = [found.found for found in asked if isinstance(found.found, Place) and host.has_ci(found.found)]
    gap = next((gap for place in places if (gap := host.change_gap(place)) is not None), None)
    if gap is None:
        return one
    if not one.numerator:
        return unread(one.signal, gap, url=one.url)
    return replace(one, bound="lower", detail=f"{one.detail} At least this share: {gap.detail}".strip())


def _tests_executed(host: AzureHost, entries: Sequence[BranchRuns | Unread]) -> Observation:
    """The median of what test runs report, over the builds that published one."""
    signal = "ci.tests_executed_p50"
    if not entries:
        return unknown(signal, "not_configured", NO_PIPELINE)
    gap = first_gap([*entries, *(entry.gap for entry in entries if isinstance(entry, BranchRuns))])
    if gap is not None:
        return unread(signal, gap)
    asked = [
        (entry.place, run)
        for entry in entries
        if isinstance(entry, BranchRuns)
        for run in entry.runs[:SAMPLED_RUNS]
    ]
    try:
        counts = [total for place, run in asked if (total := host.tests_of(place, run)) is not None]
    except Unread as found:
        return unread(signal, found)
    if not counts:
        return unknown(signal, "no_report_published", "No build of the window published a test run.")
    return middle(
        signal, counts, detail=f"{len(counts)} of the {len(asked)} latest builds published a test run."
    )


def _trials(
    environments: Environments, asked: Sequence[Asked], setup: Setup, production: Production | Unread
) -> dict[str, list[Release] | Unread] | Unread:
    """Releases to pre-production environments, or why they cannot speak."""
    if not setup.preproduction:
        return Unread("not_configured", "No pre-production environment is named.")
    if isinstance(production, Unread):
        return production
    return trials_of(environments, asked, setup.preproduction, since=production.windows.since(90 + BEFORE))
