"""The demo scores a team again and again with one scorer: what it does not work out anew is what it was."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from assessments.catalog.shipped import SHIPPED_FILE
from assessments.standing import Scorer, stand
from mlops_portal.demo import course
from mlops_portal.demo.plots import EVERY_TWENTY, Story, Window
from mlops_portal.demo.told import Order, tell

ORDER = Order(SHIPPED_FILE.read_bytes(), Window(26, date(2026, 11, 24)), seed=4)


class Watched(Scorer):
    """Keeps every standing beside the one that is worked out from nothing."""

    seen: list[tuple[object, object]]
    last: tuple[Scorer, dict[str, object]]

    def stand(self, inputs, as_of):
        found = super().stand(inputs, as_of)
        Watched.seen.append((found, stand(self._plan, inputs, as_of)))
        Watched.last = (self, dict(inputs))
        return found


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(Watched, "seen", [], raising=False)
    monkeypatch.setattr(course, "Scorer", Watched)
    return Watched


@pytest.mark.parametrize("story", [story for story in EVERY_TWENTY if story is not Story.NEW])
def test_every_standing_is_that_of_scoring_from_nothing(watched, story):
    tell(ORDER, EVERY_TWENTY.index(story))

    assert len(watched.seen) > 3
    assert all(found == anew for found, anew in watched.seen)


def test_a_scorer_notices_what_lapses_while_nothing_is_said(watched):
    told = tell(ORDER, EVERY_TWENTY.index(Story.ORDINARY))
    scorer, inputs = watched.last
    assert told.final is not None
    until = told.final.valid_until
    assert until is not None
    watched.seen.clear()

    assert told.final is not None
    assert told.final.valid_until is not None
    for days in (0, 1, 8, 30, 200, 400, 1000):
        scorer.stand(inputs, until + timedelta(days=days))

    assert all(found == anew for found, anew in watched.seen)
    assert len({found.team.coverage for found, _ in watched.seen}) > 1
