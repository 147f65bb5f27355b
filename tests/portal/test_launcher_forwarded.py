"""Behind a forwarder that ends TLS, as in GitHub Codespaces: what `.devcontainer/` sets makes pages and forms work.

The forwarder sends X-Forwarded-Host and -Proto; where a page posts to itself it puts its near end in place of the Origin,
and leaves a foreign Origin as it is (seen by others: symfony/demo issue 1542, microsoft/vscode issue 190177).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.portal.answering import ask_on, first_ask, save
from tests.portal.launched import ROOT, Portal, Visitor, clean_environment, portal
from tests.services.servers import free_port

pytestmark = pytest.mark.slow
NAME = "fuzzy-space-waddle-9x7"
DOMAIN = "app.github.dev"


def set_by_devcontainer(port: int, **environment: str) -> dict[str, str]:
    """What `.devcontainer/forwarded.sh` exports for a portal on this port."""
    script = ". .devcontainer/forwarded.sh; env"
    given = clean_environment(PORT=str(port), **environment)
    said = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=given, capture_output=True, text=True, check=True
    ).stdout
    names = [line.split("=", 1) for line in said.splitlines() if line.startswith("PORTAL_")]
    return {name: value for name, value in names if given.get(name) != value}


def outside(running: Portal) -> str:
    return f"{NAME}-{running.port}.{DOMAIN}"


def forwarded(running: Portal, origin: str) -> Visitor:
    """A browser out there, through the forwarder."""
    return Visitor(
        running.url,
        {
            "Host": f"localhost:{running.port}",
            "X-Forwarded-Host": outside(running),
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "192.0.2.7",
            "Origin": origin,
        },
    )


def test_the_devcontainer_names_its_port_and_sources_the_script() -> None:
    content = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert content["forwardPorts"] == [8000]
    assert ". .devcontainer/forwarded.sh && python3 dev.py run" in content["postAttachCommand"]


def test_outside_a_codespace_the_script_sets_nothing() -> None:
    assert set_by_devcontainer(8000) == {}


def test_sign_in_autosave_and_forms_work_behind_the_forwarder(demo_folder: Path) -> None:
    port = free_port()
    settings = set_by_devcontainer(port, CODESPACE_NAME=NAME, GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN=DOMAIN)
    assert settings.keys() == {"PORTAL_BEHIND_TLS_PROXY", "PORTAL_HOSTS", "PORTAL_ORIGINS"}
    with portal(demo_folder, {"PORT": str(port), "DEMO": "1", **settings}) as running:
        running.wait_ready()
        # Whoever starts their own organisation from out there needs what only this terminal shows.
        running.wait_for("The set-up page asks for this token")
        for origin in (
            f"http://localhost:{port}",
            f"https://localhost:{port}",
            f"https://{outside(running)}",
        ):
            with forwarded(running, origin) as visitor:
                visitor.sign_in_as("demo-lead")
                ask = first_ask(visitor)
                wanted = ask.other
                assert save(visitor, ask, wanted).status_code == 200
                assert ask_on(visitor, ask.page).value == wanted
                visitor.get("/account/")
                name = f"Lena from {origin.partition(':')[0]}"
                assert visitor.post("/account/", {"full_name": name, "theme": "dark"}).status_code == 302
                assert name in visitor.get("/account/").text
        _refuses_a_stranger(running)
        with forwarded(running, f"https://{outside(running)}") as visitor:
            visitor.http.headers["X-Forwarded-Host"] = "evil.example.org"
            assert visitor.get("/account/login/").status_code == 400


def _refuses_a_stranger(running: Portal) -> None:
    with forwarded(running, f"https://{outside(running)}") as visitor:
        visitor.sign_in_as("demo-lead")
        ask = first_ask(visitor)
        assert save(visitor, ask, ask.other, Origin="https://evil.example.org").status_code == 403
        assert ask_on(visitor, ask.page).value == ask.value


def test_without_the_setting_a_forwarded_host_is_not_believed(demo_folder: Path) -> None:
    with portal(demo_folder, {"DEMO": "1"}) as running:
        running.wait_ready()
        with forwarded(running, f"https://{outside(running)}") as visitor:
            # The page comes, for the connection is to localhost; it offers nobody, and takes no form of that origin.
            assert 'name="person"' not in visitor.get("/account/login/").text
            assert visitor.post("/demo/sign-in/", {"person": "demo-lead"}).status_code == 403
            login = {"login": "demo-lead", "password": "x"}
            assert visitor.post("/account/login/", login).status_code == 403
            # Even with an Origin that fits the near end there is no demo for somebody who was forwarded.
            visitor.http.headers["Origin"] = f"http://localhost:{running.port}"
            assert visitor.post("/demo/sign-in/", {"person": "demo-lead"}).status_code == 404
        with Visitor(running.url) as here:
            here.sign_in_as("demo-lead")
            ask = first_ask(here)
            refused = save(here, ask, ask.other, Origin=f"https://{outside(running)}")
            assert refused.status_code == 403
            assert ask_on(here, ask.page).value == ask.value
