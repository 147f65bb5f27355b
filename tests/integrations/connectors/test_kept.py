"""Answers with their ETag: the host is told what is known, and is asked anew where nothing is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Failure, Http, SourceError
from integrations.connectors.kept import KeptAnswer, KeptAnswers
from tests.integrations.connectors.loopback import Loopback, Said


class Tagged(Loopback):
    """Answers /thing with its `version` and an ETag, or "unchanged" to who names that tag; /odd always says unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.version = 1
        self.tags: list[str] = []

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        tag = f'W/"{self.version}"'
        self.tags.append(headers.get("If-None-Match", ""))
        if target == "/odd" or headers.get("If-None-Match") == tag:
            return 304, b"", {"ETag": tag}
        more = {"Link": f'<{self.url}/thing?page=2>; rel="next"'}
        return (
            200,
            json.dumps({"version": self.version}).encode(),
            {"Content-Type": "application/json", "ETag": tag, **more},
        )


class InMemory(KeptAnswers):
    def __init__(self) -> None:
        self.found: dict[tuple[str, str], KeptAnswer] = {}

    def find(self, url: str, accept: str) -> KeptAnswer | None:
        return self.found.get((url, accept))

    def keep(self, url: str, accept: str, answer: KeptAnswer) -> None:
        self.found[url, accept] = answer


@pytest.fixture
def host() -> Iterator[Tagged]:
    with Tagged() as host:
        yield host


def door(host: Tagged, kept: KeptAnswers | None, **headers: str) -> Http:
    return Http(host.url, policy=EgressPolicy.from_text(host.url), kept=kept, headers=headers)


def test_unchanged_gives_what_was_kept_with_its_next_page(host: Tagged) -> None:
    with door(host, InMemory()) as http:
        first = http.get("thing", is_kept=True)
        again = http.get("thing", is_kept=True)

    assert host.tags == ["", 'W/"1"']
    assert (again.status, again.data, again.next_url) == (200, {"version": 1}, first.next_url)
    assert first.next_url == f"{host.url}/thing?page=2"


def test_a_changed_answer_takes_the_place_of_the_old_one(host: Tagged) -> None:
    with door(host, InMemory()) as http:
        http.get("thing", is_kept=True)
        host.version = 2
        assert http.get("thing", is_kept=True).data == {"version": 2}
        assert http.get("thing", is_kept=True).data == {"version": 2}

    assert host.tags == ["", 'W/"1"', 'W/"2"']


def test_only_what_the_connector_opts_in_for_is_kept(host: Tagged) -> None:
    kept = InMemory()
    with door(host, kept) as http:
        http.get("thing")

    assert (kept.found, host.tags) == ({}, [""])


def test_another_accept_header_is_another_question(host: Tagged) -> None:
    kept = InMemory()
    with door(host, kept) as http:
        http.get("thing", is_kept=True)
    with door(host, kept, Accept="application/vnd.other+json") as http:
        http.get("thing", is_kept=True)

    assert host.tags == ["", ""]


def test_unchanged_without_anything_kept_asks_again_and_then_fails(host: Tagged) -> None:
    with door(host, InMemory()) as http, pytest.raises(SourceError) as caught:
        http.get("odd", is_kept=True)

    assert (caught.value.kind, host.tags) == (Failure.BAD_PAYLOAD, ["", ""])
    assert caught.value.message == (
        "127.0.0.1 says that nothing changed though nothing is known of it here; nothing was taken from it. "
        "Check the address of the connection."
    )
