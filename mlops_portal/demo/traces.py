"""Facts behind the live versions of the made-up teams: just as many with a commit and with data as was measured of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.utils.text import slugify

from assessments.models import Reading
from integrations.connectors.base import FactKind
from integrations.models import Source, SourceFact
from mlops_portal.demo.connections import MLFLOW, Sources

_LIVE = "mlflow.production_versions"
_SHARES = ("mlflow.production_git_commit_share", "mlflow.lineage_complete_share")
_DEPLOYED = "deploy.count_90d"
BATCH = 2000


def make_traces(sources: Sources, *, at: datetime) -> None:
    """A VERSION fact for each live version that was read, with the COMMIT and DEPLOYMENT facts of the other side."""
    by_team: dict[int, dict[str, Source]] = defaultdict(dict)
    connections = (sources.github, sources.refused, sources.mlflow)
    rows = Source.objects.filter(connection__in=connections).select_related("connection", "team")
    for source in rows.order_by("pk"):
        by_team[source.team_id]["registry" if source.connection.kind == MLFLOW else "code"] = source
    read: dict[int, dict[str, Reading]] = defaultdict(dict)
    wanted = Reading.objects.filter(
        team__in=by_team, signal__in=(_LIVE, *_SHARES, _DEPLOYED), good__isnull=False
    )
    for reading in wanted.select_related("good"):
        read[reading.team_id][reading.signal] = reading
    facts: list[SourceFact] = []
    asked: list[Source] = []
    for team, own in by_team.items():
        if "registry" in own and _LIVE in read[team]:
            made = list(_facts(own, read[team], at))
            facts += made
            if "code" in own:
                own["code"].asked_shas = own["code"].checked_shas = sorted(
                    {fact.sha for fact in made if fact.sha}
                )
                asked.append(own["code"])
    SourceFact.objects.bulk_create(facts, batch_size=BATCH)
    Source.objects.bulk_update(asked, ["asked_shas", "checked_shas"], batch_size=BATCH)


def _facts(own: Mapping[str, Source], read: Mapping[str, Reading], at: datetime) -> Iterator[SourceFact]:
    registry, code = own["registry"], own.get("code")
    count = int(_number(read, _LIVE, "value"))
    with_commit, whole = (int(_number(read, signal, "numerator")) for signal in _SHARES)
    is_deployed = code is not None and _number(read, _DEPLOYED, "value") > 0
    name, base = slugify(registry.team.name), registry.connection.base_url
    for place in range(count):
        number, made_at = str(place + 3), at - timedelta(days=9 + 5 * place)
        has_commit = place < with_commit
        sha = (
            hashlib.sha1(f"{name}/{number}".encode(), usedforsecurity=False).hexdigest() if has_commit else ""
        )
        run = hashlib.md5(f"{name}/{number}".encode(), usedforsecurity=False).hexdigest()
        yield SourceFact(
            source=registry,
            kind=FactKind.VERSION,
            key=f"{name}/{number}",
            sha=sha,
            happened_at=made_at,
            started_at=made_at - timedelta(hours=3),
            finished_at=made_at - timedelta(hours=1),
            is_live=True,
            has_run=True,
            has_digest=place < whole,
            url=f"{base}/#/models/{name}/versions/{number}",
            name=name,
            number=number,
            run_id=run,
            run_url=f"{base}/#/experiments/{registry.pk}/runs/{run}",
            digest=run[:8] if place < whole else "",
            live_since_at=made_at + timedelta(days=1),
        )
        if code is None or not sha:
            continue
        repository = f"{code.connection.base_url.removesuffix('/api/v3')}/nordhafen/{name}"
        yield SourceFact(
            source=code,
            kind=FactKind.COMMIT,
            key=sha,
            sha=sha,
            happened_at=made_at - timedelta(days=1),
            url=f"{repository}/commit/{sha}",
        )
        if is_deployed and place == 0:
            yield SourceFact(
                source=code,
                kind=FactKind.DEPLOYMENT,
                key=f"nordhafen/{name}/{code.pk}",
                sha=sha,
                happened_at=made_at + timedelta(days=1),
                name="production",
                number=str(code.pk),
                url=f"{repository}/actions/runs/{code.pk}",
            )


def _number(read: Mapping[str, Reading], signal: str, field: str) -> float:
    """What was read of it; 0 where nothing was."""
    reading = read.get(signal)
    value = getattr(reading.good, field) if reading is not None else None
    return 0 if value is None else float(value)
