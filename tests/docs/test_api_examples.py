"""Every curl example of docs/api.md is sent to a live server with the demo in it; every operation has one."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from django.utils import timezone

from assessments.models import Assessment
from mlops_portal.demo.seed import Size, seed_demo
from teams.models import Grant, Role, User
from teams.permissions import SCOPES
from teams.services.tokens import create_token

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def commands():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("curl ")]


def parsed(command, variables):
    """(method, address, headers, body) of a curl command; raises KeyError for a variable or an option it does not know."""
    filled = re.sub(r"\$([A-Z]+)", lambda found: variables[found[1]], command)
    method, headers, body, address = "GET", {}, None, ""
    words = iter(shlex.split(filled)[1:])
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words).encode()
        else:
            assert not word.startswith("-"), f"This test does not know curl's {word}."
            address = word
    return method, address, headers, body


@pytest.fixture
def variables(live_server, transactional_db):
    seed_demo(size=Size(units=2, teams=6, weeks=4, seed=1), at=AT)
    owner = User.objects.get(username="demo-integrator")
    team = Grant.objects.select_related("team").get(user=owner, role=Role.LEAD).team
    assert team is not None
    _, token = create_token(name="docs", scopes=SCOPES, owner=owner, by=owner, at=timezone.now())
    assessment = Assessment.objects.filter(team=team, status__gte=Assessment.Status.PUBLISHED).first()
    assert assessment is not None, "The integrator's team needs a published assessment for the example."
    return {
        "PORTAL": live_server.url,
        "TOKEN": token,
        "TEAM": team.slug,
        "UNIT": "demo",
        "ASSESSMENT": str(assessment.pk),
    }


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_example_works(variables):
    assert len(commands()) > 15
    for command in commands():
        method, address, headers, body = parsed(command, variables)
        parts = urlsplit(address)
        connection = HTTPConnection(parts.hostname, parts.port, timeout=20)
        connection.request(method, f"{parts.path}?{parts.query}".rstrip("?"), body=body, headers=headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        assert response.status == 200, (command, answer)
        if method == "POST":
            assert [item["status"] for item in answer["items"]] == ["stored"]
        elif "items" in answer and "measurements" not in address:
            assert answer["items"] != [], command


def test_every_operation_has_an_example():
    schema = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    wanted = {(method.upper(), path) for path, item in schema["paths"].items() for method in item}
    shapes = {
        (method, path): re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"(\?.*)?") for method, path in wanted
    }
    blank = dict.fromkeys(("PORTAL", "TOKEN", "TEAM", "UNIT", "ASSESSMENT"), "x")
    blank["PORTAL"] = ""
    shown = [parsed(command, blank)[:2] for command in commands()]

    covered = {
        key for key, shape in shapes.items() if any(m == key[0] and shape.fullmatch(a) for m, a in shown)
    }
    assert wanted - covered == set()
    assert {address for _, address in shown} - {
        address for method, address in shown if any(s.fullmatch(address) for s in shapes.values())
    } == {"/api/v1/schema/"}
