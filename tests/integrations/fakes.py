"""A small outside system on loopback, and the connector that reads it. Real sockets, our real HTTP door, no mocks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from integrations.connectors.base import (
    Collected,
    Connector,
    Fact,
    FactKind,
    Found,
    Observation,
    Option,
    OptionKind,
    Question,
    SourceFile,
)

GIT_SIGNALS = ("repo.connected", "ci.runs_30d", "ci.training_runs_90d")
REGISTRY_SIGNALS = (
    "mlflow.production_versions",
    "mlflow.versions_90d",
    "mlflow.production_from_notebook_share",
    "mlflow.versions_with_run_share",
)


COMMITS = "https://git.example.org/commit"


@dataclass
class FakeSystem:
    """What the server answers: `pages` by path, else `status`; `statuses` by path come first. `asked`: requests, with headers."""

    origin: str = ""
    token: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def running(system: FakeSystem | None = None) -> Iterator[FakeSystem]:
    """The fake on a free port of this machine."""
    fake = system or FakeSystem()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
            status = fake.statuses.get(self.path, fake.status)
            if fake.token and self.headers.get("Authorization") != f"Bearer {fake.token}":
                status = 401
            elif status == 200 and self.path not in fake.pages:
                status = 404
            body = json.dumps(fake.pages.get(self.path, {}) if status == 200 else {"message": "no"}).encode()
            self.send_response(status)
            for name, value in fake.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _facts(listed: list[dict[str, Any]]) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            kind=FactKind(one["kind"]),
            key=one["key"],
            happened_at=datetime.fromisoformat(one["happened_at"]),
            sha=one.get("sha", ""),
            started_at=_moment(one.get("started_at")),
            finished_at=_moment(one.get("finished_at")),
            is_live=one.get("is_live", False),
            has_run=one.get("has_run", True),
            has_digest=one.get("has_digest", False),
            **{
                name: one[name]
                for name in ("url", "name", "number", "run_id", "run_url", "digest")
                if name in one
            },
        )
        for one in listed
    )


class FakeConnector(Connector):
    """Reads /projects/<project>: {"observations": {signal: value or "reason"}, "facts": [...], "commits": [...]}."""

    kind: ClassVar[str] = "fakegit"
    label: ClassVar[str] = "Fake Git"
    default_base_url: ClassVar[str] = "https://git.example.org"
    connection_options: ClassVar[tuple[Option, ...]] = (
        Option("account", "Account", "Who reads."),
        Option("token", "Access token", "Needs read access.", kind=OptionKind.SECRET, is_required=True),
    )
    source_options: ClassVar[tuple[Option, ...]] = (
        Option("project", "Project", "As it is named there.", is_required=True),
        Option(
            "workflows",
            "Workflows",
            "One a line.",
            kind=OptionKind.LIST,
            feeds=("ci.training_runs_90d",),
            is_inner=True,
        ),
        Option(
            "repositories", "Repositories", "One a line.", kind=OptionKind.ROLES, choices=("app", "training")
        ),
        Option(
            "branch",
            "Branch",
            "Which.",
            kind=OptionKind.CHOICE,
            choices=("main", "release"),
            default="main",
            is_inner=True,
        ),
    )
    signals: ClassVar[frozenset[str]] = frozenset(GIT_SIGNALS)

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {options.get('token', '')}"}

    @classmethod
    def pages_of(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        return (f"team/{options['project']}",)

    def test(self) -> Found:
        data = self.http.get("me").data
        return Found(
            data["identity"], data.get("choices", {}), data.get("missing", {}), tuple(data.get("notes", ()))
        )

    def read_file(self, place: str, path: str) -> SourceFile | None:
        """/files/<place>: {"content": ..., "sha": ...}, {} where it is proven that there is none."""
        data = self.http.get(f"files/{place}").data
        if not data:
            return None
        return SourceFile(
            data["content"].encode(),
            data["sha"],
            _moment(data.get("committed_at")),
            f"https://git.example.org/{place}/blob/main/{path}",
        )

    def collect(self, question: Question) -> Collected:
        data = self.http.get(f"projects/{question.options['project']}").data
        commits = set(data.get("commits", ()))
        return Collected(
            observations=tuple(
                self._observation(name, value) for name, value in data["observations"].items()
            ),
            facts=(
                *_facts(data.get("facts", [])),
                *(
                    Fact(
                        FactKind.COMMIT, key=sha, happened_at=question.until, sha=sha, url=f"{COMMITS}/{sha}"
                    )
                    for sha in question.wanted_shas
                    if sha in commits
                ),
            ),
            checked_shas=question.wanted_shas,
        )

    def _observation(self, signal: str, value: Any) -> Observation:
        if isinstance(value, str):
            return Observation(signal, None, reason=value)
        return Observation(signal, value, url=f"https://git.example.org/{signal}")


class FakeRegistry(FakeConnector):
    """The same, on the side of model versions."""

    kind: ClassVar[str] = "fakeregistry"
    label: ClassVar[str] = "Fake Registry"
    signals: ClassVar[frozenset[str]] = frozenset(REGISTRY_SIGNALS)


class FakeMonitorConnector(FakeConnector):
    """The same server as monitoring."""

    kind: ClassVar[str] = "fakemonitor"
    label: ClassVar[str] = "Fake Monitor"
    signals: ClassVar[frozenset[str]] = frozenset({"monitoring.drift_rules"})


class FakeDeployer(FakeConnector):
    """The Git side, with deployments."""

    kind: ClassVar[str] = "fakedeployer"
    label: ClassVar[str] = "Fake Deployer"
    signals: ClassVar[frozenset[str]] = frozenset((*GIT_SIGNALS, "deploy.count_90d"))


class BrokenConnector(FakeConnector):
    """A connector with a bug."""

    kind: ClassVar[str] = "broken"
    label: ClassVar[str] = "Broken"

    def collect(self, question: Question) -> Collected:
        raise KeyError("a bug")


KINDS = {
    "fakegit": "tests.integrations.fakes.FakeConnector",
    "fakedeployer": "tests.integrations.fakes.FakeDeployer",
    "fakeregistry": "tests.integrations.fakes.FakeRegistry",
    "fakemonitor": "tests.integrations.fakes.FakeMonitorConnector",
    "broken": "tests.integrations.fakes.BrokenConnector",
}
