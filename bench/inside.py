"""What has to be done in a process of the portal: `python -m bench.inside TASK OPTIONS`, both ways in JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 -- Django first
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from assessments.models import Answer, Assessment, Criterion, Measurement  # noqa: E402
from assessments.services.answers import record_answer  # noqa: E402
from assessments.services.measurements import Observed, record_measurements  # noqa: E402
from bench import inside_collecting  # noqa: E402
from bench.inside_names import LEAD, READER  # noqa: E402
from mlops_portal.lib.long_lived import keep_what_is_loaded  # noqa: E402
from teams.models import Team, User  # noqa: E402
from teams.services.tokens import create_token  # noqa: E402

READ_SCOPES = ("org:read", "model:read", "results:read")
STORED_SIGNAL = "ci.runs_30d"


def prepare() -> dict[str, Any]:
    """A reader's token and session, a lead's session, and the answer that is going to be saved."""
    now = timezone.now()
    reader, lead = User.objects.get(username=READER), User.objects.get(username=LEAD)
    _, token = create_token(owner=reader, name="bench", scopes=READ_SCOPES, by=reader, at=now)
    draft = Assessment.objects.select_related("team").get(status=Assessment.Status.DRAFT)
    criteria = Criterion.objects.filter(capability__maturity_model=draft.maturity_model)
    asked, other = criteria.select_related("capability").order_by("pk")[:2]
    ours, floor = (_answer(draft, criterion, lead) for criterion in (asked, other))
    return {
        "token": token,
        "reader_cookie": _session(reader),
        "lead_cookie": _session(lead),
        "csrf_name": settings.CSRF_COOKIE_NAME,
        "team": draft.team.slug,
        "criterion": asked.slug,
        "capability": asked.capability.slug,
        "answer": ours.pk,
        "row_version": ours.row_version,
        "floor_answer": floor.pk,
        "floor_row_version": floor.row_version,
    }


def _answer(draft: Assessment, criterion: Criterion, by: User) -> Answer:
    """The draft's answer, given now when there is none."""
    known = Answer.objects.filter(assessment=draft, criterion=criterion).first()
    if known is not None:
        return known
    return record_answer(
        assessment=draft, criterion=criterion, value="yes", row_version=None, by=by, at=timezone.now()
    )


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def queries(pages: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each page its status and how many queries it takes, session and user left out."""
    return {name: _queries(**page) for name, page in pages.items()}


def _queries(
    path: str,
    person: str = "",
    token: str = "",
    post: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    client = Client(raise_request_exception=False)
    if person:
        client.force_login(User.objects.get(username=person))
    asked = {"host": "127.0.0.1", "x-forwarded-proto": "https", **(headers or {})}
    if token:
        asked["authorization"] = f"Bearer {token}"
    ask = client.get if post is None else client.post
    # Once to fill what a process keeps.
    if post is None:
        client.get(path, headers=asked)
    # Taken back: counting must not change what is measured afterwards.
    with transaction.atomic(), CaptureQueriesContext(connection) as seen:
        status = ask(path, post or {}, headers=asked).status_code
        transaction.set_rollback(True)
    statements = [one["sql"] for one in seen.captured_queries]
    counted = [sql for sql in statements if not _is_beside(sql)]
    return {"status": status, "queries": len(counted), "statements": [sql[:160] for sql in counted]}


def _is_beside(sql: str) -> bool:
    """Session, user (or token), and words that open and close a transaction."""
    start = sql.lstrip().upper()
    if not start.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return True
    table = sql.partition(" FROM ")[2].lstrip()
    beside = ('"django_session"', '"teams_user"', '"teams_apitoken"')
    return start.startswith("SELECT") and table.startswith(beside)


def storing(teams: int, items: int) -> dict[str, Any]:
    """Rows a second through our own code and by COPY with ON CONFLICT, and what an equal second run writes."""
    chosen = list(Team.objects.active().order_by("pk")[:teams])
    now = timezone.now()
    batches = [
        (
            team,
            [
                Observed(
                    STORED_SIGNAL,
                    float(number),
                    now - timedelta(minutes=number + 1),
                    external_id=f"bench-{number}",
                )
                for number in range(items)
            ],
        )
        for team in chosen
    ]
    # A worker has done this and read its catalogue long ago; the time for that belongs to its start.
    keep_what_is_loaded()
    _record([(chosen[0], [Observed(STORED_SIGNAL, 1.0, now - timedelta(days=1), external_id="bench-warm")])])
    ours = _timed(lambda: _record(batches))
    stored = Measurement.objects.count()
    _record(batches)
    again = Measurement.objects.count() - stored
    return {
        "ours": teams * items / ours,
        "copy": teams * items / _timed(lambda: _copy(chosen, items)),
        "again": again,
    }


def _record(batches: list[tuple[Team, list[Observed]]]) -> None:
    for team, items in batches:
        record_measurements(
            team=team, source="service:bench", items=items, at=timezone.now(), by_name="bench", immediate=True
        )


def _copy(teams: list[Team], items: int) -> None:
    """The quickest way that PostgreSQL offers for the same rows."""
    now = timezone.now()
    columns = (
        "team_id, signal, state, value, reason, bound, window_days, observed_at, received_at, source,"
        " external_id, url, detail"
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_in (LIKE assessments_measurement INCLUDING DEFAULTS)")
        cursor.execute("ALTER TABLE bench_in DROP COLUMN id")
        with cursor.copy(f"COPY bench_in ({columns}) FROM STDIN") as copy:
            for team in teams:
                for number in range(items):
                    what = (team.pk, STORED_SIGNAL, "ok", float(number), "", "exact", 30, now, now)
                    copy.write_row((*what, "service:bench-copy", f"bench-{number}", "", ""))
        cursor.execute(
            f"INSERT INTO assessments_measurement ({columns}) SELECT {columns} FROM bench_in"
            " ON CONFLICT DO NOTHING"
        )
        cursor.execute("DROP TABLE bench_in")


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


TASKS: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "queries": queries,
    "storing": storing,
    "connect": inside_collecting.connect,
    "collect_plainly": inside_collecting.collect_plainly,
    "hand_all_over": inside_collecting.hand_all_over,
    "count_runs": inside_collecting.count_runs,
}


def main(task: str, options: str) -> None:
    sys.stdout.write(json.dumps(TASKS[task](**json.loads(options))))


if __name__ == "__main__":
    main(*sys.argv[1:])
