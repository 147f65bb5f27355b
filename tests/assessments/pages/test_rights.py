"""Every page of the app as owner, member and stranger. A stranger gets 404 and learns nothing, not even that it is there."""

from __future__ import annotations

import pytest

from assessments import urls
from assessments.models import Assessment, Evidence
from assessments.services.submission import start_assessment
from tests.assessments.pages.conftest import SAID, say
from tests.assessments.pages.reading import main
from tests.assessments.pages.test_why import prove
from tests.factories import AT, sign_in

pytestmark = pytest.mark.django_db

SLUG = "environment.dependencies_listed"
# name: (rest of the address, is it a POST, lead, member, manager)
PAGES = {
    "team-detail": ("", False, 200, 200, 200),
    "profile-edit": ("profile/", False, 200, 403, 200),
    "capability-detail": ("capabilities/environment/", False, 200, 200, 200),
    "criterion-detail": (f"criteria/{SLUG}/", False, 200, 200, 200),
    "signal-detail": ("signals/repo.notebook_share/", False, 200, 200, 403),
    "evidence-remove": ("evidence/{evidence}/remove/", False, 200, 403, 403),
    "assessment-detail": ("assessment/", False, 200, 200, 403),
    "assessment-start": ("assessment/start/", True, 302, 302, 403),
    "assessment-check": ("assessment/check/", False, 200, 200, 403),
    "assessment-submit": ("assessment/submit/", True, 302, 403, 403),
    "assessment-withdraw": ("assessment/withdraw/", True, 409, 403, 403),
    "assessment-publish": ("assessment/publish/", True, 409, 403, 403),
    "assessment-delete": ("assessment/delete/", False, 200, 403, 403),
    "answer-save": (f"assessment/answers/{SLUG}/", True, 302, 302, 403),
    "evidence-add": (f"assessment/evidence/{SLUG}/add/", False, 200, 200, 403),
    "capability-edit": ("assessment/environment/", False, 200, 200, 403),
    "capability-preview": ("assessment/environment/preview/", False, 200, 200, 403),
}
ELSEWHERE = {"team-list", "model-list", "model-detail"}


def test_every_page_is_in_the_table():
    assert {pattern.name for pattern in urls.urlpatterns} - ELSEWHERE == set(PAGES)


def ask(client, world, rest, *, is_post):
    path = world.path(rest.format(evidence=Evidence.objects.get().pk))
    return client.post(path) if is_post else client.get(path)


@pytest.fixture
def busy(world):
    """The world with an open draft and a piece of evidence."""
    prove(world, SLUG)
    say(start_assessment(team=world.team, by=world.lead, at=AT), world.lead, SAID)
    return world


@pytest.mark.parametrize("name", list(PAGES))
def test_page(busy, client, nobody, name):
    rest, is_post, lead, member, manager = PAGES[name]
    people = {"member": busy.member, "manager": busy.manager, "stranger": busy.stranger, "nobody": nobody}
    found = {}
    for who, person in people.items():
        response = ask(sign_in(type(client)(), person), busy, rest, is_post=is_post)
        found[who] = response.status_code
        if who in {"stranger", "nobody"}:
            assert b"Forecasting" not in response.content
            assert b"Commerce" not in response.content
    visitor = ask(client, busy, rest, is_post=is_post)
    found["lead"] = ask(sign_in(type(client)(), busy.lead), busy, rest, is_post=is_post).status_code

    assert found == {"lead": lead, "member": member, "manager": manager, "stranger": 404, "nobody": 404}
    assert visitor.headers["Location"].startswith("/account/login/?next=")


def test_a_stranger_changes_nothing(busy, client):
    stranger = sign_in(client, busy.stranger)
    for rest, is_post, *_ in PAGES.values():
        path = busy.path(rest.format(evidence=Evidence.objects.get().pk))
        assert stranger.post(path).status_code in ({404} if is_post else {404, 405})

    assert Evidence.objects.get().removed_at is None
    assert list(Assessment.objects.order_by("pk").values_list("status", flat=True)) == [30, 10]
    assert Assessment.objects.get(status=10).answers.count() == 5


def test_a_team_that_is_not_there_looks_the_same(world, client):
    stranger = sign_in(client, world.stranger)
    hidden = stranger.get(world.path())
    absent = stranger.get("/teams/nothing/")

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert main(hidden) == main(absent)


def test_the_list_of_a_stranger_does_not_name_the_team(world, client):
    page = sign_in(client, world.stranger).get("/teams/").content.decode()

    assert ("Elsewhere" in page, "Forecasting" in page) == (True, False)
