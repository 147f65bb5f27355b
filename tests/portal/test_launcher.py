"""One command serves the whole portal: real processes, started and stopped as a person does it."""

from __future__ import annotations

import os
import re
import signal
import sys
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.portal.launched import UP, Portal, Visitor, manage, portal, taken_port, wait_until

pytestmark = pytest.mark.slow
CHILDREN = {"web", "worker", "beat", "broker"}
# `dev.py run` without the installation that comes before it: the tests' own environment stands.
DEV_RUN = (
    sys.executable,
    "-c",
    "import dev; dev.ensure_environment = lambda lock: None; dev.PYTHON = dev.sys.executable; dev.run([])",
)


def test_first_start_on_an_empty_folder_says_little_and_serves_the_set_up_page(tmp_path: Path) -> None:
    with portal(tmp_path / "var", {"HOST": "127.0.0.2"}) as running:
        running.wait_ready()
        assert running.lines == [
            f"portal | Preparing {tmp_path / 'var'} ...",
            f"portal | MLOps Portal is ready: http://127.0.0.2:{running.port}",
            "portal | Ctrl-C stops everything.",
        ]
        assert running.children().keys() == CHILDREN
        with Visitor(running.url) as visitor:
            assert "Start my organisation" in visitor.get("/welcome/").text
            assert "<h1>Start your organisation</h1>" in visitor.get("/setup/").text
            styles = re.findall(r'href="(/static/css/[^"]+)"', visitor.page)
            assert len(styles) == 3
            assert [visitor.http.get(path).status_code for path in styles] == [200, 200, 200]
            assert 'name="person"' not in visitor.get("/account/login/").text
            assert visitor.http.get("/readyz").text == "ok"


@pytest.mark.parametrize(
    ("command", "number"), [(DEV_RUN, signal.SIGINT), (DEV_RUN, signal.SIGTERM), (UP, signal.SIGTERM)]
)
def test_stopping_leaves_no_process_behind(
    empty_folder: Path, command: tuple[str, ...], number: signal.Signals
) -> None:
    """Ctrl-C in a terminal goes to the whole group: dev.py and the launcher; the children hear of it from the launcher."""
    with portal(empty_folder, command=command) as running:
        running.wait_ready()
        assert running.stop(number) == set()
        assert running.process.returncode == 0
        assert [line for line in running.lines if line.startswith("portal")][-2:] == [
            "portal | Stopping ...",
            f"portal | Stopped. Everything that was saved is in {empty_folder}.",
        ]
        assert not (empty_folder / "broker.sock").exists()


def test_stopping_while_it_starts_leaves_no_process_behind(empty_folder: Path) -> None:
    with portal(empty_folder) as running:
        running.wait_for("Preparing")
        wait_until(running.children, "a child")
        assert running.stop() == set()
        assert running.process.returncode == 0


def test_a_second_start_keeps_the_data(demo_folder: Path) -> None:
    """How quickly it is there is measured by `make bench` (P15)."""
    with portal(demo_folder, {"DEMO": "1"}) as running:
        running.wait_ready()
        assert "Made the demo organisation" not in running.said
        assert (
            "portal | Sign in with one click as a demo person. DEMO=0 starts without them." in running.lines
        )
        with Visitor(running.url) as visitor:
            visitor.sign_in_as("demo-lead")
            assert "Demand forecast" in visitor.get("/teams/demo-team-1/assessment/").text


def test_a_child_that_dies_is_started_again(empty_folder: Path) -> None:
    with portal(empty_folder) as running:
        running.wait_ready()
        first = wait_until(partial(_complete, running), "all children")
        for name in ("worker", "web"):
            os.kill(first[name], signal.SIGKILL)
            running.wait_for(f"{name} stopped (SIGKILL); starting it again in 0.5 s")
            again = wait_until(partial(_child, running, name), f"another {name}")
            assert again != first[name]
        with Visitor(running.url) as visitor:
            wait_until(lambda: _answers(visitor), "an answer of the new web process")
        assert running.stop() == set()


def _complete(running: Portal) -> dict[str, int]:
    """The children by name once all are there; empty before."""
    found = running.children()
    return found if found.keys() == CHILDREN else {}


def _child(running: Portal, name: str) -> int:
    return running.children().get(name, 0)


def _answers(visitor: Visitor) -> bool:
    try:
        return visitor.http.get("/livez").text == "ok"
    except httpx2.HTTPError:
        return False


# --- starts that are refused -------------------------------------------------------------------------------------------


def test_a_port_in_use_is_waited_for_and_then_named_in_one_clear_line(empty_folder: Path) -> None:
    before = set(empty_folder.iterdir())
    with taken_port() as port, portal(empty_folder, {"PORT": str(port)}) as running:
        assert running.ended() == 1
        assert running.lines == [
            f"portal | Port {port} is in use; waiting 10 s for it to become free ...",
            f"Port {port} is in use. Choose another: PORT={port + 1} make run.",
        ]
    # Nothing was begun: no broker, no key.
    assert set(empty_folder.iterdir()) - before == {empty_folder / "launcher.lock"}


def test_a_second_launcher_on_the_same_folder_is_one_clear_line(empty_folder: Path) -> None:
    with portal(empty_folder) as running:
        running.wait_ready()
        # On the same port too, which would be waited for if nothing were known of who has it.
        with portal(empty_folder, {"PORT": str(running.port)}) as second:
            assert second.ended() == 1
            assert second.lines == [
                f"MLOps Portal runs already on {empty_folder}. Stop it, or choose another folder: "
                "PORTAL_DATA_DIR=... make run."
            ]
        with Visitor(running.url) as visitor:
            assert visitor.http.get("/readyz").text == "ok"


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"PORT": "70000"}, "PORT is 70000; it must be at most 65535."),
        ({"PORT": "eighty"}, "PORT is 'eighty'; it must be a whole number."),
        ({"HOST": "192.0.2.1"}, "HOST=192.0.2.1 is no address of this machine."),
        ({"DEMO": "maybe"}, "DEMO is 'maybe'; it must be 1 or 0."),
        (
            {"PORTAL_KEYS": "k1:c2hvcnQ="},
            "PORTAL_KEYS: entries look like k1:<base64 of 32 bytes>, with a different id each.",
        ),
        (
            {"DATABASE_URL": "mysql://somewhere/db"},
            "DATABASE_URL must look like postgresql://user:password@host:5432/name.",
        ),
    ],
)
def test_a_wrong_setting_is_one_clear_line(empty_folder: Path, wrong: dict[str, str], line: str) -> None:
    assert manage(empty_folder, "up", code=1, environment=wrong) == f"{line}\n"


def test_a_spoilt_key_file_is_one_clear_line(empty_folder: Path) -> None:
    (empty_folder / "keys").write_text("k1:", encoding="ascii")
    said = manage(empty_folder, "up", code=1)
    assert (
        said
        == f"{empty_folder / 'keys'}: entries look like k1:<base64 of 32 bytes>, with a different id each.\n"
    )


# --- where it listens --------------------------------------------------------------------------------------------------


def test_on_every_address_there_is_no_demo_and_set_up_asks_for_the_printed_token(empty_folder: Path) -> None:
    with portal(empty_folder, {"HOST": "0.0.0.0", "DEMO": "1"}) as running:
        running.wait_ready()
        assert "portal | The demo is for this machine only; HOST=0.0.0.0 starts without it." in running.lines
        token = running.wait_for("The set-up page asks for this token").rsplit(" ", 1)[1]
        running.host = "127.0.0.1"
        with Visitor(running.url, {"X-Forwarded-For": "192.0.2.7"}) as afar:
            assert 'name="token"' in afar.get("/setup/").text
            form = {
                "organisation": "Acme",
                "full_name": "Ada",
                "username": "ada",
                "password": "several words in a row",
                "again": "several words in a row",
            }
            assert afar.post("/setup/", form | {"token": "guessed"}).status_code == 422
            assert afar.post("/setup/", form | {"token": token}).headers["Location"] == "/"


def test_a_demo_that_is_switched_off_says_why_nobody_can_sign_in(demo_folder: Path) -> None:
    with portal(demo_folder, {"DEMO": "0"}) as running:
        running.wait_ready()
        assert "Only the demo is in here, and it is switched off: nobody can sign in." in running.said
        with Visitor(running.url) as visitor:
            assert 'name="person"' not in visitor.get("/account/login/").text
            assert visitor.post("/demo/sign-in/", {"person": "demo-admin"}).status_code == 404
