"""The demo goes with one click of who administers: who may, what the page says, what stays."""

from __future__ import annotations

import pytest
from django.test import Client

from mlops_portal.demo.remove import has_demo
from mlops_portal.demo.seed import Size, seed_demo
from teams.models import Team, Unit, User
from tests.factories import AT, make_admin, make_team, make_unit, make_user, sign_in

pytestmark = pytest.mark.django_db
PATH = "/demo/remove/"


@pytest.fixture
def demo(maturity_model, settings):
    settings.PORTAL_DEMO = True
    seed_demo(size=Size(1, 6, 1, 1), at=AT)


@pytest.fixture
def here():
    return Client(headers={"host": "localhost"})


def test_only_who_administers_removes_it(demo, here):
    assert here.post(PATH).headers["Location"] == f"/account/login/?next={PATH}"
    assert sign_in(here, make_user("rita")).post(PATH).status_code == 403
    assert sign_in(here, User.objects.get(username="demo-lead")).post(PATH).status_code == 403
    assert has_demo()


def test_it_says_what_goes_and_takes_what_was_made_below_it(demo, here):
    make_team("Below", unit=make_unit("Real"))
    apart = make_team("Apart", unit=Unit.objects.add_root({"slug": "second", "name": "Second"}))
    admin = make_admin("rolf")

    page = sign_in(here, admin).get(PATH).content.decode()
    # Six of the demo and one that was made below it, in the root, the demo's unit and the one made below.
    assert "3 units, 7 teams" in page
    assert sign_in(here, admin).post(PATH).headers["Location"] == "/setup/"
    assert has_demo() is False
    assert list(Team.objects.values_list("pk", flat=True)) == [apart.pk]
    assert set(User.objects.values_list("username", flat=True)) == {"rolf"}


def test_an_administrator_of_flesh_and_blood_proves_who_they_are(demo, here):
    response = sign_in(here, make_admin("rolf"), is_recent=False).post(PATH)

    assert response.headers["Location"].startswith("/account/reauthenticate/")
    assert has_demo()


def test_absent_from_another_machine(demo):
    elsewhere = sign_in(Client(headers={"host": "localhost"}), make_admin("rolf"))

    assert elsewhere.post(PATH, REMOTE_ADDR="192.0.2.7").status_code == 404
    assert has_demo()


def test_absent_outside_demo_mode(demo, here, settings):
    settings.PORTAL_DEMO = False
    signed_in = sign_in(here, make_admin("rolf"))

    assert (signed_in.get(PATH).status_code, signed_in.post(PATH).status_code) == (404, 404)
    assert has_demo()
