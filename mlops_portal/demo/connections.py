"""Connections of the made-up organisation: two that stand still, and one whose credential was refused.

All are paused: nothing of the demo ever asks anything outside. Their hosts are reserved names that lead nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from integrations.connectors.http import Failure
from integrations.models import Collection, Connection, MappingFile, Source
from mlops_portal.demo.organisation import Organisation
from mlops_portal.demo.plots import TOKEN_LOST_DAYS_AGO, Story
from mlops_portal.demo.signals import family

PAUSED = "Demo data: this connection leads nowhere and is not read."
REFUSED = "GitHub refused the credential. Set a new token; until then what was read stands and ages."
PUSHED = "service:prometheus-demo"
READ_AT = time(5, 30)
RUN_TAKES = timedelta(seconds=14)
BATCH = 2000
# What a test with a token would have seen that may not read who guards a branch.
FOUND = {
    "identity": "nordhafen-portal",
    "choices": {
        "training_workflows": ["train.yml", "retrain.yml"],
        "production_environments": ["production"],
    },
    "missing": {
        "Administration: read (only where no ruleset guards the branch)": ["repo.main_branch_guarded"]
    },
    "notes": [],
    "credential": "a fine-grained token",
    "ends_at": "",
}
FILE_SHAS = ("4f1c2d9ab7e3", "b80d51e6c2f4")
FILE_OPTIONS = {"training_workflows": ["train.yml"], "production_environments": ["production"]}
FILE_FAULT = [7, 7, "GitHub has no option “training_workflow”. Did you mean training_workflows?"]
GITHUB, MLFLOW = "github", "mlflow"


@dataclass(frozen=True, slots=True)
class Place:
    """Where measurements come from: the key that they are stored under, and what is kept as who acted."""

    source: str
    by: str


class Sources:
    """Which connection speaks for which signal of which team."""

    def __init__(self, github: Connection, refused: Connection, mlflow: Connection) -> None:
        self.github, self.refused, self.mlflow = github, refused, mlflow

    def place(self, signal: str, story: Story) -> Place:
        name = family(signal)
        if name == MLFLOW:
            return Place(self.mlflow.measurement_source, self.mlflow.measurement_source)
        if name in {"monitoring", "serving"}:
            return Place(PUSHED, "prometheus-demo")
        connection = self.code(story)
        return Place(connection.measurement_source, connection.measurement_source)

    def code(self, story: Story) -> Connection:
        """The GitHub that holds the team's code."""
        return self.refused if story is Story.TOKEN_LOST else self.github


def make_connections(
    organisation: Organisation, stories: Sequence[Story], measured: Sequence[frozenset[str]], *, at: datetime
) -> Sources:
    """The connections, each team's sources in them, and the last run of each source. `measured` holds signal families."""
    person = organisation.platform_engineer
    created_at = at - timedelta(days=400)
    read_at = min(at, datetime.combine(at.date(), READ_AT, tzinfo=at.tzinfo))
    lost_at = read_at - timedelta(days=TOKEN_LOST_DAYS_AGO)
    common = {"is_paused": True, "next_due_at": at, "created_at": created_at}
    github, mlflow, refused = Connection.objects.bulk_create(
        [
            Connection(
                name="GitHub (demo)",
                kind=GITHUB,
                base_url="https://github.example.org/api/v3",
                pause_reason=PAUSED,
                paused_by=person,
                last_success_at=read_at,
                found=FOUND,
                tested_at=created_at,
                **common,
            ),
            Connection(
                name="MLflow (demo)",
                kind=MLFLOW,
                base_url="https://mlflow.example.org",
                pause_reason=PAUSED,
                paused_by=person,
                last_success_at=read_at,
                **common,
            ),
            Connection(
                name="GitHub of the acquired company (demo)",
                kind=GITHUB,
                base_url="https://git.example.net/api/v3",
                # Paused by the portal itself, as it does when a credential was refused twice.
                pause_reason=REFUSED,
                last_success_at=lost_at - timedelta(days=1),
                last_failure_at=lost_at,
                last_failure=Failure.UNAUTHORIZED.value,
                last_failure_message=REFUSED,
                failures=2,
                **common,
            ),
        ]
    )
    sources = Sources(github, refused, mlflow)
    rows = [
        _source(connection, organisation, index, created_at, read_at, lost_at)
        for index, (story, families) in enumerate(zip(stories, measured, strict=True))
        for connection in _connections(sources, story, families)
    ]
    Source.objects.bulk_create(rows, batch_size=BATCH)
    _follow_files([row for row in rows if row.connection.pk == github.pk], read_at)
    Collection.objects.bulk_create(
        (_last_run(row, row.connection.pk == refused.pk, read_at, lost_at) for row in rows), batch_size=BATCH
    )
    return sources


def _follow_files(rows: Sequence[Source], read_at: datetime) -> None:
    """The first team keeps its mapping as a file in its repository; the second one's has a typing error."""
    for row, sha, faults in zip(rows, FILE_SHAS, ([], [FILE_FAULT]), strict=False):
        place = str(row.options["repositories"]).split()[0]
        file = MappingFile.objects.create(
            source=row,
            place=place,
            sha=sha,
            url=f"https://github.example.org/{place}/blob/main/.mlops-portal.yaml",
            committed_at=read_at - timedelta(days=12),
            read_at=read_at,
            faults=faults,
        )
        if not faults:
            row.own_options, row.file_options, row.file = row.options, FILE_OPTIONS, file
            row.options = {**row.options, **FILE_OPTIONS}
            row.save(update_fields=["options", "own_options", "file_options", "file"])


def _connections(sources: Sources, story: Story, families: frozenset[str]) -> list[Connection]:
    found = []
    if families & {"repo", "ci", "deploy"}:
        found.append(sources.code(story))
    if MLFLOW in families:
        found.append(sources.mlflow)
    return found


def _source(
    connection: Connection,
    organisation: Organisation,
    index: int,
    created_at: datetime,
    read_at: datetime,
    lost_at: datetime,
) -> Source:
    is_refused = bool(connection.last_failure)
    options = (
        {"experiments": f"team-{index + 1}"}
        if connection.kind == MLFLOW
        else {"repositories": f"nordhafen/team-{index + 1} app,training"}
    )
    return Source(
        connection=connection,
        team=organisation.teams[index],
        options=options,
        last_read_at=lost_at - timedelta(days=1) if is_refused else read_at,
        last_failure=connection.last_failure,
        last_failure_message=connection.last_failure_message,
        created_at=created_at,
    )


def _last_run(source: Source, is_refused: bool, read_at: datetime, lost_at: datetime) -> Collection:  # noqa: FBT001 -- private, one caller
    started_at = (lost_at if is_refused else read_at) - RUN_TAKES
    return Collection(
        connection=source.connection,
        source=source,
        trigger=Collection.Trigger.SCHEDULE,
        started_at=started_at,
        finished_at=started_at + RUN_TAKES,
        outcome=Collection.Outcome.FAILED if is_refused else Collection.Outcome.OK,
        failure=Failure.UNAUTHORIZED.value if is_refused else "",
        message=REFUSED if is_refused else "",
    )
