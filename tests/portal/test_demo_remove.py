"""The demo goes with one click: who may, what stays, where the way leads."""

from __future__ import annotations

import pytest
from django.test import Client

from mlops_portal.demo.remove import has_demo
from mlops_portal.demo.seed import Size, seed_demo
from teams.models import Event, Team, Unit, User
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


def second_root():
    return Unit.objects.add_root({"slug": "second", "name": "Second"})


def test_asks_first(demo, here):
    page = here.get(PATH).content.decode()

    assert "Remove the demo?" in page
    assert has_demo()


def test_one_click_of_a_visitor_leads_to_the_set_up(demo, here):
    response = here.post(PATH)

    assert response.headers["Location"] == "/setup/"
    assert (has_demo(), User.objects.count(), Team.objects.count()) == (False, 0, 0)
    assert "The demo is gone: 6 teams in 2 units, and " in here.get("/setup/").content.decode()


def test_a_demo_person_is_signed_out_and_named_in_the_log(demo, here):
    lead = User.objects.get(username="demo-lead")

    assert sign_in(here, lead).post(PATH).headers["Location"] == "/setup/"
    assert "sessionid" not in here.cookies
    assert list(Event.objects.filter(object_kind="unit").values_list("actor_name", flat=True)) == [str(lead)]


def test_where_somebody_real_works_only_the_administrator_removes_it(demo, here):
    make_team("Below", unit=make_unit("Real"))
    apart = make_team("Apart", unit=second_root())
    member, admin = make_user("rita"), make_admin("rolf")

    assert here.post(PATH).status_code == 404
    assert sign_in(here, member).post(PATH).status_code == 403
    assert sign_in(here, User.objects.get(username="demo-lead")).post(PATH).status_code == 403
    assert has_demo()

    page = sign_in(here, admin).get(PATH).content.decode()
    # Six of the demo and one that was made below it, in the root, the demo's unit and the one made below.
    assert "This removes 7 teams in 3 units, and " in page
    assert "Teams and units that you made below the demo organisation go too." in page
    # Nobody administers anything now, so somebody may start; the next line would be a portal without a way in.
    assert sign_in(here, admin).post(PATH).headers["Location"] == "/setup/"
    assert sign_in(here, admin).get("/setup/").status_code == 200
    assert has_demo() is False
    assert list(Team.objects.values_list("pk", flat=True)) == [apart.pk]
    assert set(User.objects.values_list("username", flat=True)) == {"rita", "rolf"}


def test_an_administrator_proves_who_they_are(demo, here):
    response = sign_in(here, make_admin("rolf"), is_recent=False).post(PATH)

    assert response.headers["Location"].startswith("/account/reauthenticate/")
    assert has_demo()


def test_absent_outside_demo_mode(demo, here, settings):
    settings.PORTAL_DEMO = False

    assert (here.get(PATH).status_code, here.post(PATH).status_code) == (404, 404)
    assert has_demo()


def test_absent_from_another_machine(demo):
    assert Client(headers={"host": "portal.example.org"}).post(PATH).status_code in {400, 404}
    assert Client(headers={"host": "localhost"}).post(PATH, REMOTE_ADDR="192.0.2.7").status_code == 404
    assert has_demo()


def test_absent_without_a_demo(maturity_model, here, settings):
    settings.PORTAL_DEMO = True

    assert here.get(PATH).status_code == 404
