"""Every question that the portal asks of GitHub, put to Prism with GitHub's own description of its API.

Questions are made by the connector itself over a world that has everything, and go to Prism through our own door.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.connectors.base import Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.github.connector import GithubConnector
from integrations.connectors.http import Http, SourceError
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL, payload, row
from tests.integrations.connectors.github_world import OPTIONS, build_world
from tests.integrations.connectors.loopback import Said
from tests.services import github_openapi, github_recordings
from tests.services.github_operations import BY_TEMPLATE, COMPOSED, OPERATIONS, PAGE, paths_in, paths_in_code
from tests.services.github_recordings import missing
from tests.services.prism_server import prism_server
from tests.services.servers import NotInstalled

pytestmark = [pytest.mark.service, pytest.mark.slow]


class NotingGithub(FakeGithub):
    """Keeps questions as they came, still quoted."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        self.targets.append(target)
        return super().serve_request(target, headers, body)


@pytest.fixture(scope="module")
def targets() -> list[str]:
    """All that is asked by a collection, by "Test connection", and by one with an app's token."""
    with NotingGithub() as fake:
        build_world(fake)
        fake.answer("user", payload("user"))
        fake.answer("user/repos", [row("user_repository", full_name="octo/app", default_branch="main")])
        fake.answer("repos/octo/app/environments", {"total_count": 0, "environments": []})
        connector, http = fake.connector()
        with http:
            connector.collect(Question(until=UNTIL, options=OPTIONS, wanted_shas=("a" * 40,)))
            connector.test()
            fake.answer("user/repos", {"message": "Resource not accessible by integration"}, status=403)
            connector.test()
        return list(dict.fromkeys(fake.targets))


@pytest.fixture(scope="module")
def description_file() -> Path:
    github_recordings.CACHE.mkdir(parents=True, exist_ok=True)
    try:
        return github_openapi.fetch_description(github_recordings.CACHE)
    except (OSError, subprocess.SubprocessError) as error:
        missing(f"npm's {github_openapi.PACKAGE} ({type(error).__name__})", github_openapi.INSTALL)


@pytest.fixture(scope="module")
def by_template(targets: list[str], description_file: Path) -> dict[str, list[str]]:
    description = github_openapi.Description(description_file)
    found: dict[str, list[str]] = defaultdict(list)
    for target in targets:
        found[description.template(urlsplit(target).path)].append(target)
    return found


def mended(description_file: Path, folder: Path) -> Path:
    """A copy in which two schemas say what the words beside them say. Everything else stays GitHub's own.

    `created` is a range of times in the syntax of the search, and its schema allows one moment only. A workflow is named by
    its id or by its file's name, of which exactly one must fit, and a number in a path is a text as well.
    """
    document = json.loads(description_file.read_bytes())
    created = document["components"]["parameters"]["created"]
    assert "within the given date-time range" in created["description"]
    assert created["schema"].pop("format") == "date-time"
    workflow = document["components"]["parameters"]["workflow-id"]
    assert "You can also pass the workflow file name as a string" in workflow["description"]
    workflow["schema"] = {"anyOf": workflow["schema"].pop("oneOf")}
    copy = folder / "api.github.com.json"
    copy.write_text(json.dumps(document))
    return copy


@pytest.fixture(scope="module")
def prism(description_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    description = mended(description_file, tmp_path_factory.mktemp("prism"))
    try:
        with prism_server(description) as url:
            headers = GithubConnector.headers({"token": "github_pat_loopback"})
            with Http(url, policy=EgressPolicy.from_text(url), headers=headers) as http:
                yield http
    except NotInstalled as error:
        missing("Prism", str(error))


def ask(prism: Http, target: str) -> int:
    """The status of Prism's answer. Raises SourceError for a question that GitHub does not describe."""
    parts = urlsplit(target)
    return prism.get(parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}).status


def test_code_asks_what_is_on_the_list_and_nothing_else() -> None:
    assert paths_in_code() == {path for operation in OPERATIONS for path in operation.code} | COMPOSED


def test_a_question_that_is_not_on_the_list_is_found() -> None:
    """A check that cannot fail proves nothing."""
    source = (
        'reader.get(f"{place.path}/topics", {"page": 1})\nself._reader.whole("meta")\nx = f"orgs/{a}/teams"\n'
    )
    assert paths_in(source) == {"{}/topics", "meta", "orgs/{}/teams"}


def test_the_world_makes_the_connector_ask_all_of_it(by_template: dict[str, list[str]]) -> None:
    asked = {
        template: {name for target in found for name in parse_qs(urlsplit(target).query)}
        for template, found in by_template.items()
    }
    assert asked == {operation.template: set(operation.query) for operation in OPERATIONS}


@pytest.mark.parametrize("template", BY_TEMPLATE)
def test_every_question_is_valid(template: str, by_template: dict[str, list[str]], prism: Http) -> None:
    """One of each kind: the same path with other numbers is the same question."""
    kinds = {tuple(sorted(parse_qs(urlsplit(target).query))): target for target in by_template[template]}
    assert {target: ask(prism, target) for target in kinds.values()} == dict.fromkeys(kinds.values(), 200)


def test_first_page_filter_and_window_are_among_them(by_template: dict[str, list[str]]) -> None:
    runs = [parse_qs(urlsplit(target).query) for target in by_template["/repos/{owner}/{repo}/actions/runs"]]
    whole = {"page": ["1"], "per_page": ["100"], "branch": ["main"]}
    assert {one["created"][0] for one in runs if whole.items() <= one.items()} == {
        "2026-05-31T12:00:00Z..2026-06-30T12:00:00Z"
    }
    paged = {operation.template for operation in OPERATIONS if operation.query >= PAGE}
    for template in paged:
        assert any("page=1" in target for target in by_template[template]), template


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/repos/octo/app/actions/runs?per_page=many", 422),
        ("/repos/octo/app/actions/runs?exclude_pull_requests=perhaps", 422),
        ("/repos/octo/app/pulls?state=shut", 422),
        ("/repos/octo/app/actions/runs/first", 422),
        ("/repos/octo/app/action/runs", 404),
    ],
)
def test_a_malformed_question_is_refused(target: str, status: int, prism: Http) -> None:
    with pytest.raises(SourceError) as refused:
        ask(prism, target)
    assert refused.value.status == status
