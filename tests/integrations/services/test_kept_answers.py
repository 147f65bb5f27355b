"""The database's answers with their ETag: of one connection, one credential, one question, and of a bounded size."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from integrations.connectors.kept import KeptAnswer
from integrations.models import Connection, TaggedAnswer
from integrations.services import kept_answers
from integrations.services.connections import remove_connection, set_secret
from integrations.services.kept_answers import StoredAnswers
from tests.factories import AT
from tests.integrations.factories import make_connection
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db
URL, ACCEPT = "https://git.example.org/repos/acme/churn", "application/json"
ANSWER = KeptAnswer('"a1"', {"name": "churn", "size": [1, 2.5, None, "ü"]}, "<next>")


def answers_of(connection: Connection) -> StoredAnswers:
    return StoredAnswers(Connection.objects.get(pk=connection.pk), AT)


def test_an_answer_comes_back_as_it_was(fake_kinds: None) -> None:
    answers = answers_of(make_connection())
    answers.keep(URL, ACCEPT, KeptAnswer('"a0"', {}))
    answers.keep(URL, ACCEPT, ANSWER)

    assert answers.find(URL, ACCEPT) == ANSWER
    assert answers.find(URL, "text/html") is None
    assert answers.find(f"{URL}?page=2", ACCEPT) is None
    assert TaggedAnswer.objects.count() == 1


def test_another_connection_with_the_same_credential_never_sees_it(fake_kinds: None) -> None:
    answers_of(make_connection()).keep(URL, ACCEPT, ANSWER)

    assert answers_of(make_connection()).find(URL, ACCEPT) is None


def test_another_credential_never_sees_it(fake_kinds: None) -> None:
    connection = make_connection()
    answers = answers_of(connection)
    answers.keep(URL, ACCEPT, ANSWER)
    set_secret(connection=connection, secrets={"token": "other"}, by=None, at=AT)

    assert answers_of(connection).find(URL, ACCEPT) is None
    assert TaggedAnswer.objects.count() == 0
    # A collection that still runs under the old one keeps for itself, not for the new one.
    answers.keep(URL, ACCEPT, ANSWER)
    assert answers_of(connection).find(URL, ACCEPT) is None


def test_a_removed_connection_takes_its_answers_along(fake_kinds: None) -> None:
    connection = make_connection()
    answers_of(connection).keep(URL, ACCEPT, ANSWER)

    remove_connection(connection=connection, by=None, at=AT)

    assert TaggedAnswer.objects.count() == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(KeptAnswer('"a"', os.urandom(kept_answers.LARGEST).hex()), id="too large"),
        pytest.param(KeptAnswer('"' + "a" * 200 + '"', {}), id="tag too long"),
        pytest.param(KeptAnswer('"a"\r\nCookie: b', {}), id="tag with a line break"),
        pytest.param(KeptAnswer('"ü"', {}), id="tag outside ASCII"),
        pytest.param(KeptAnswer('"a"', {}, "x" * 2001), id="link too long"),
    ],
)
def test_what_is_too_large_or_cannot_be_sent_is_not_kept(fake_kinds: None, answer: KeptAnswer) -> None:
    answers = answers_of(make_connection())
    answers.keep(URL, ACCEPT, answer)

    assert TaggedAnswer.objects.count() == 0


@pytest.mark.parametrize("stored", [b"", b"no zip", b"x\x9c\x03\x00\x00\x00\x00\x01", b"x\x9c\x01\x02"])
def test_a_spoilt_answer_is_asked_for_again(fake_kinds: None, stored: bytes) -> None:
    answers = answers_of(make_connection())
    answers.keep(URL, ACCEPT, ANSWER)
    TaggedAnswer.objects.update(answer=stored)

    assert answers.find(URL, ACCEPT) is None


def test_only_so_many_stay_the_newest_ones(fake_kinds: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "MOST", 2)
    connection = make_connection()
    connection.refresh_from_db()
    for number in range(4):
        StoredAnswers(connection, AT + timedelta(hours=number)).keep(f"{URL}/{number}", ACCEPT, ANSWER)

    kept_answers.prune(at=AT)

    answers = answers_of(connection)
    found = [number for number in range(4) if answers.find(f"{URL}/{number}", ACCEPT)]
    assert found == [2, 3]


def test_a_collection_sends_no_tag_of_another_connection(fake: FakeSystem) -> None:
    """The fake connector opts in for nothing: no header, no row."""
    from tests.integrations.factories import collect, make_source  # noqa: PLC0415 -- needed here only

    fake.headers = {"ETag": '"x"'}
    fake.pages["/projects/churn"] = {"observations": {"repo.connected": True}}
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)
    collect(connection, at=AT + timedelta(hours=7))

    assert [headers.get("if-none-match") for _, headers in fake.asked] == [None, None]
    assert TaggedAnswer.objects.count() == 0
