"""The log's page says what happened in words, and shows no digest in full."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from mlops_portal.demo.seed import REMOVED, SEEDED
from teams.models import Event
from teams.queries.log import log_page
from teams.queries.log_words import ACTION_WORDS, action_words
from teams.services.events import record_event
from tests.factories import make_unit

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
# Functions that take the action as one of their own arguments, without a name.
PASSING_ON = frozenset({"_record", "_back_to_draft"})


def recorded_actions() -> Iterator[str]:
    """Every action that the code writes into the log."""
    root = Path(settings.BASE_DIR)
    for app in ("teams", "assessments", "integrations", "mlops_portal"):
        for path in root.glob(f"{app}/**/*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield from actions_of(node)


def actions_of(call: ast.Call) -> Iterator[str]:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
    if isinstance(call.func, ast.Name) and call.func.id in PASSING_ON:
        given += call.args
    for value in given:
        for part in ast.walk(value):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                yield part.value


def test_every_action_has_words_and_no_words_are_left_over():
    assert {*recorded_actions(), SEEDED, REMOVED} == set(ACTION_WORDS)


def test_an_action_without_words_is_still_told():
    assert action_words("shelf.dust_off") == "Shelf: dust off"


@pytest.mark.django_db
def test_a_digest_is_shown_by_its_beginning():
    unit = make_unit()
    Event.objects.all().delete()
    record_event(at=AT, by=None, action="unit.rename", obj=unit, after={"sha256": "0123456789abcdef" * 4})

    (line,) = log_page().lines

    assert (line.what, line.change) == ("Unit renamed", "sha256: 0123456789ab…")
