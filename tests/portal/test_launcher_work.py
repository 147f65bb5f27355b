"""What a portal in use must not lose, and what it does by itself: answers over a kill, collections, the key ring."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_world import OPTIONS, build_world
from tests.portal.answering import ask_on, first_ask, save
from tests.portal.launched import Visitor, descendants, manage, portal, processes, wait_until

pytestmark = pytest.mark.slow
MAKE_CONNECTION = """
from django.utils import timezone
from integrations.services.connections import create_connection
from integrations.services.sources import map_team
from teams.models import Team
connection = create_connection(
    kind="github", name="Loopback GitHub", base_url={url!r}, answers={{"token": "github_pat_loopback"}},
    by=None, at=timezone.now(),
)
map_team(connection=connection, team=Team.objects.get(slug="demo-team-1"), options={options!r}, by=None, at=timezone.now())
print(connection.pk)
"""
LAST_RUN = """
from integrations.models import Collection
run = Collection.objects.filter(connection__name="Loopback GitHub").order_by("-pk").first()
print("none" if run is None else run.outcome)
"""


def test_the_last_acknowledged_answer_survives_a_killed_launcher(demo_folder: Path) -> None:
    with portal(demo_folder, {"DEMO": "1"}) as running:
        running.wait_ready()
        below = descendants(running.process.pid)
        with Visitor(running.url) as visitor:
            visitor.sign_in_as("demo-lead")
            ask = first_ask(visitor)
            # A first change, so that the second comes at once after an acknowledgement and not after a page.
            wanted = ask.other
            acknowledged = save(visitor, ask, wanted)
            running.process.send_signal(signal.SIGKILL)
            assert acknowledged.status_code == 200
            assert "Saved" in acknowledged.text
        assert running.ended() == -signal.SIGKILL
        # Nothing of it lingers, although nobody was left to stop it.
        wait_until(lambda: not below & processes().keys(), "the children of a killed launcher to end", 20)
    with portal(demo_folder, {"DEMO": "1", "PORT": str(running.port)}) as second:
        second.wait_ready()
        with Visitor(second.url) as visitor:
            visitor.sign_in_as("demo-lead")
            kept = ask_on(visitor, ask.page)
            assert (kept.key, kept.value) == (ask.key, wanted)


def test_a_portal_starts_on_its_port_right_after_its_launcher_was_killed(empty_folder: Path) -> None:
    with portal(empty_folder) as running:
        running.wait_ready()
        running.process.send_signal(signal.SIGKILL)
        with portal(empty_folder, {"PORT": str(running.port)}) as second:
            second.wait_ready()
            assert second.stop() == set()


def test_beat_and_worker_collect_what_is_due(demo_folder: Path) -> None:
    with FakeGithub() as github:
        build_world(github)
        environment = {"PORTAL_EGRESS_ALLOW": github.url}
        make = MAKE_CONNECTION.format(url=github.url, options=OPTIONS)
        connection = manage(demo_folder, "shell", "-v", "0", "-c", make, environment=environment).strip()
        with portal(demo_folder, {"DEMO": "1", **environment}) as running:
            running.wait_ready()
            wait_until(lambda: github.asked, "the worker to ask GitHub", 60)
            wait_until(lambda: _last_run(demo_folder) != "none", "a collection that ended")
            assert _last_run(demo_folder) in {"ok", "partial"}, running.said
            assert {asked.headers.get("Authorization") for asked in github.asked} == {
                "Bearer github_pat_loopback"
            }
            with Visitor(running.url) as visitor:
                visitor.sign_in_as("demo-lead")
                # The fake's runs grow old; that its repository is there does not.
                found = visitor.get("/api/v1/measurements/?team=demo-team-1&signal=repo.connected").json()
                newest = found["items"][0]
                assert (newest["source"], newest["value"]) == (f"connection:{connection}", 1.0)
            assert [line for line in running.lines if line.startswith(("worker", "beat"))] == []


def _last_run(folder: Path) -> str:
    return manage(folder, "shell", "-v", "0", "-c", LAST_RUN).strip()


def test_a_wrong_key_ring_is_said_in_one_line_and_stops_nothing_else(demo_folder: Path) -> None:
    # A public address that nobody asks: the connection is paused.
    pause = """
from integrations.models import Connection
Connection.objects.update(is_paused=True, pause_reason="A test.")
"""
    make = MAKE_CONNECTION.format(url="https://git.example.org", options=OPTIONS) + pause
    manage(demo_folder, "shell", "-c", make)
    before = _rows(demo_folder)
    (demo_folder / "keys").unlink()
    with portal(demo_folder, {"DEMO": "1"}) as running:
        running.wait_ready()
        warnings = [line for line in running.lines if "WRONG KEY RING" in line]
        assert warnings == [
            "portal | WRONG KEY RING: the credential of 1 connection does not open with "
            f"{demo_folder / 'keys'} (Loopback GitHub). "
            "Answers, scores and signals are safe; only collecting from there stands still. "
            "Put the old keys back and start again, or enter each credential anew on its page."
        ]
        with Visitor(running.url) as visitor:
            visitor.sign_in_as("demo-lead")
            assert first_ask(visitor).key
        assert running.stop() == set()
    assert _rows(demo_folder) == before


def _rows(folder: Path) -> str:
    """Every table with its number of rows, and the credentials as they are stored."""
    counts = """
from django.apps import apps
for model in apps.get_models():
    if model._meta.app_label in {"teams", "assessments", "integrations"} and model.__name__ != "Event":
        print(model.__name__, model.objects.count())
from integrations.models import Connection
print(sorted(Connection.objects.values_list("secret", flat=True)))
"""
    return manage(folder, "shell", "-v", "0", "-c", counts)
