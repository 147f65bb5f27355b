"""manage.py collect: words for each source, and an exit code that a script can trust."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assessments.models import Verdict
from integrations.models import Collection, Connection
from integrations.services import collecting, leases
from integrations.services.connections import pause_connection
from tests.factories import make_admin, make_team
from tests.integrations.conftest import OTHER_RING
from tests.integrations.factories import make_connection, make_source, ticking
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db

GOOD = {"observations": {"repo.connected": True, "ci.runs_30d": 14, "ci.training_runs_90d": "not_configured"}}


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def run(*args: str, out: StringIO | None = None) -> tuple[int, list[str]]:
    """Exit code and lines."""
    out = out or StringIO()
    try:
        call_command("collect", *args, stdout=out)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.fixture
def git(fake: FakeSystem) -> Connection:
    fake.pages["/projects/churn"] = GOOD
    connection = make_connection(fake, name="Git", at=timezone.now())
    make_source(connection, make_team("Churn"))
    return connection


def test_all_read_is_0(git: Connection) -> None:
    assert run() == (
        0,
        [
            "Git: Churn: Read. 2 known, 1 unknown. 3 new measurements.",
            "1 of 1 sources were read in full.",
        ],
    )
    assert Collection.objects.get().trigger == "command"


def test_verdicts_count_at_once(git: Connection, fake: FakeSystem, maturity_model: Any) -> None:
    """A different verdict from the schedule would wait for a second day (RULINGS 6)."""
    run()
    before = dict(Verdict.objects.values_list("criterion__slug", "verdict"))
    fake.pages["/projects/churn"] = {"observations": {"repo.connected": False, "ci.runs_30d": 0}}

    run()

    after = dict(Verdict.objects.values_list("criterion__slug", "verdict"))
    changed = {slug for slug, verdict in after.items() if before.get(slug) != verdict}
    assert changed != set()
    assert list(Verdict.objects.exclude(pending_verdict="")) == []


def test_a_source_that_is_not_read_is_3_and_the_others_are_read(git: Connection, fake: FakeSystem) -> None:
    make_source(git, make_team("Demand"), options={"project": "missing"})
    other = make_connection(fake, name="Other")
    make_source(other, make_team("Fraud"))

    code, lines = run()

    assert code == 3
    assert lines == [
        "Git: Churn: Read. 2 known, 1 unknown. 3 new measurements.",
        "Git: Demand: Not read. 127.0.0.1 has nothing at this place (HTTP 404), or hides it from this credential: check the "
        "name and the address.",
        "Other: Fraud: Read. 2 known, 1 unknown. 3 new measurements.",
        "2 of 3 sources were read in full.",
    ]


def test_read_in_part_is_3(git: Connection, fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = {"observations": {"repo.connected": True, "ci.runs_30d": "truncated"}}

    code, lines = run()

    assert (code, lines[0]) == (
        3,
        "Git: Churn: Read in part. 1 of 2 signals could not be read (truncated). 1 known, 1 unknown. 2 new measurements.",
    )


def test_an_unreachable_server_is_3_and_no_measurement_falls(git: Connection, fake: FakeSystem) -> None:
    run()
    fake.status = 503
    before = list(Verdict.objects.order_by("pk").values("criterion", "verdict"))

    code, lines = run()

    assert code == 3
    assert lines[0].startswith("Git: Churn: Not read. 127.0.0.1 is in trouble (HTTP 503)")
    assert list(Verdict.objects.order_by("pk").values("criterion", "verdict")) == before


def test_a_wrong_key_ring_is_3_and_says_what_to_do(git: Connection, settings: Any) -> None:
    settings.PORTAL_KEYS = OTHER_RING

    code, lines = run()

    assert code == 3
    assert (
        f"The credential of connection {git.pk} was encrypted with key 'k1', which is not in the key ring"
        in lines[0]
    )


def test_a_bug_of_our_own_is_1(fake: FakeSystem, git: Connection) -> None:
    make_source(make_connection(fake, kind="broken", name="A broken one"), make_team("Fraud"))

    code, lines = run()

    assert code == 1
    assert lines[0].startswith("A broken one: Fraud: Not read. The portal itself failed while it read this;")
    assert lines[-1] == "1 of 2 sources were read in full."


def test_one_by_name(git: Connection, fake: FakeSystem) -> None:
    make_source(make_connection(fake, name="Other"), make_team("Fraud"))

    assert run("--connection", "Git")[1][-1] == "1 of 1 sources were read in full."
    assert Collection.objects.get().connection == git


def test_a_name_that_is_not_there_is_1_and_lists_the_names(git: Connection) -> None:
    with pytest.raises(CommandError) as refused:
        run("--connection", "Gti")

    assert (str(refused.value), refused.value.returncode) == (
        "There is no connection named 'Gti'. There are: Git.",
        1,
    )


def test_what_a_person_paused_is_left_out_and_what_the_portal_paused_is_3(git: Connection) -> None:
    pause_connection(connection=git, reason="Moving house", by=make_admin(), at=timezone.now())
    assert run() == (
        0,
        ["Git: not read, it is paused. Moving house", "0 of 1 sources were read in full."],
    )
    assert run("--connection", "Git")[0] == 0

    Connection.objects.update(paused_by=None)
    assert run()[0] == 3
    assert Collection.objects.count() == 1


def test_one_that_a_worker_reads_is_left_to_it(git: Connection) -> None:
    leases.claim_one(connection_id=git.pk, at=timezone.now())

    assert run() == (
        3,
        [
            "Git: not read, a worker is reading it at this moment.",
            "0 of 1 sources were read in full.",
        ],
    )


def test_nothing_to_read_is_0(fake: FakeSystem) -> None:
    assert run() == (0, ["There is no connection to read."])
    make_connection(fake, name="Git")
    assert run() == (
        0,
        ["Git: nothing to read, no team is mapped to it.", "0 of 0 sources were read in full."],
    )


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines_only(git: Connection) -> None:
    terminal, pipe = Terminal(), StringIO()

    run(out=terminal)
    run(out=pipe)

    assert "[........................] 1 of 1  Git: Churn" in terminal.getvalue()
    assert ("\r" in pipe.getvalue(), "\x1b" in pipe.getvalue()) == (False, False)


def test_ctrl_c_gives_the_lease_back_and_keeps_what_was_read(git: Connection) -> None:
    make_source(git, make_team("Demand"))
    claim = leases.claim_one(connection_id=git.pk, at=timezone.now())
    assert claim is not None

    def stop(_: Collection) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collecting.collect_connection(claim=claim, clock=ticking(timezone.now()), on_collected=stop)

    git.refresh_from_db()
    assert (git.lease_key, git.lease_ends_at, Collection.objects.count()) == ("", None, 1)
