"""Ways in: set-up, the demo's one click, invitations, the sign-in page; and that each is closed where it must be."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mlops_portal.demo.seed import Size, ensure_demo, seed_demo
from teams.models import ApiToken, Event, Role, Team, Unit, User
from teams.services.people import create_person
from tests.factories import (
    events,
    grant,
    make_admin,
    make_lead,
    make_manager,
    make_member,
    make_platform_engineer,
    make_team,
    make_unit,
    make_user,
    make_viewer,
    root_unit,
    sign_in,
)

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
AFAR = {"REMOTE_ADDR": "192.0.2.7"}
SETUP = {
    "organisation": "Acme",
    "full_name": "Ada Lovelace",
    "username": "ada",
    "password": "several words in a row",
    "again": "several words in a row",
}


HERE = {"HTTP_HOST": "localhost"}  # the test client's own "testserver" is no name of this machine


@pytest.fixture
def client():
    """A browser on this machine."""
    return Client(headers={"host": HERE["HTTP_HOST"]})


@pytest.fixture
def demo(settings):
    settings.PORTAL_DEMO = True


def _who(client):
    """The user name of the session, empty for none."""
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else ""


def _demo_lead():
    team = make_team("Fraud")
    return make_lead(team, "lena", full_name="Lena", is_demo=True, password=None)


# --- set-up ------------------------------------------------------------------------------------------------------------


def test_set_up_on_this_machine_makes_an_organisation_and_signs_in(client):
    answer = client.post("/setup/", SETUP)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert _who(client) == "ada"
    assert list(Unit.objects.values_list("name", flat=True)) == ["Acme"]
    assert list(User.objects.get().grants.values_list("role", flat=True)) == [Role.ADMIN]
    # Whoever just set it up is not asked for the password again.
    assert client.get("/tokens/new/").status_code == 200


def test_set_up_says_what_is_wrong_and_keeps_nothing(client):
    wrong = SETUP | {"password": "short", "again": "short", "username": "no spaces"}
    answer = client.post("/setup/", wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Letters, digits and . @ + - _ only." in page
    assert "at least 12 characters" in page
    assert "<title>Error: Start your organisation" in page
    assert 'value="short"' not in page
    assert (User.objects.count(), Unit.objects.count()) == (0, 0)


def test_a_password_like_the_name_is_refused(client):
    answer = client.post(
        "/setup/", SETUP | {"password": "adalovelace1", "again": "adalovelace1", "username": "adalovelace"}
    )
    assert answer.status_code == 422
    assert "too similar" in answer.content.decode()


def test_set_up_is_closed_as_soon_as_anybody_is_here(client):
    make_admin("first")
    assert client.get("/setup/").status_code == 404
    assert client.post("/setup/", SETUP).status_code == 404
    assert list(User.objects.values_list("username", flat=True)) == ["first"]


@pytest.mark.parametrize(
    "origin", [AFAR, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"HTTP_HOST": "portal.example.org"}]
)
def test_set_up_from_afar_needs_the_launchers_token(client, settings, origin):
    settings.ALLOWED_HOSTS = ["*"]
    assert client.get("/setup/", **origin).status_code == 403
    assert client.post("/setup/", SETUP, **origin).status_code == 403
    settings.PORTAL_SETUP_TOKEN = "the-printed-token"
    for token in ("", "wrong"):
        assert client.post("/setup/", SETUP | {"token": token}, **origin).status_code == 422
    assert User.objects.count() == 0
    assert client.post("/setup/", SETUP | {"token": "the-printed-token"}, **origin).status_code == 302
    assert _who(client) == "ada"


# --- the demo ----------------------------------------------------------------------------------------------------------


CHOICE = re.compile(r'name="person" value="([\w-]+)"><b>([^<]+)</b><span>([^<]+)</span>')


def test_the_sign_in_page_of_the_demo_lists_one_person_for_each_job(client, demo):
    team = make_team("Fraud", unit=make_unit("Risk"))
    fields = {"is_demo": True, "password": None}
    make_admin("mei", full_name="Mei", **fields)
    make_lead(team, "lena", full_name="Lena", **fields)
    make_manager(team.unit, "tom", full_name="Tom", **fields)
    make_platform_engineer("pia", full_name="Pia", **fields)
    integrator = make_viewer(root_unit(), "ida", full_name="Ida", **fields)
    grant(integrator, Role.LEAD, make_team())
    # More leads and members of the demo, and somebody real: none of them is offered.
    make_lead(make_team(), "second", **fields)
    make_member(team, "member", **fields)
    make_manager(root_unit(), "gone", is_active=False, **fields)
    make_lead(make_team(), "real", full_name="Real Person")
    page = client.get("/account/login/").content.decode()
    assert CHOICE.findall(page) == [
        (
            "lena",
            "Team lead",
            "Lena. Answers for Fraud: its assessment, its evidence, and why its numbers are what they are.",
        ),
        (
            "tom",
            "Manager",
            "Tom. Sees the teams of Risk on the heatmap, how they move, and what holds them back.",
        ),
        (
            "pia",
            "Platform engineer",
            "Pia. Connects CI and MLflow, maps projects to teams, and sees what could not be read and why.",
        ),
        (
            "ida",
            "Integrator",
            "Ida. Reads the published results of Acme over the REST API and pushes measurements for one team.",
        ),
        (
            "mei",
            "Administrator",
            "Mei. Makes the units, teams and people of Acme, gives roles, and reads the log of who did what.",
        ),
    ]


def test_one_click_signs_a_demo_person_in_and_counts_as_proof(client, demo):
    _demo_lead()
    answer = client.post("/demo/sign-in/", {"person": "lena", "next": "/tokens/new/"})
    assert (answer.status_code, answer["Location"]) == (302, "/tokens/new/")
    assert _who(client) == "lena"
    assert client.get("/tokens/new/").status_code == 200
    assert events().get(action="session.start").after == {"method": "demo"}


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example.org/", "//evil.example.org/", "javascript:alert(1)", "/\\evil.example.org"],
)
def test_signing_in_never_leads_to_another_host(client, demo, elsewhere):
    _demo_lead()
    assert client.post("/demo/sign-in/", {"person": "lena", "next": elsewhere})["Location"] == "/"
    data = {"login": "lena", "password": PASSWORD, "next": elsewhere}
    User.objects.create_user("real", PASSWORD, full_name="Real")
    assert Client().post("/account/login/", data | {"login": "real"})["Location"] == "/"


def _closed(client, **origin):
    page = client.get("/account/login/", **origin)
    assert page.status_code == 200
    assert 'name="person"' not in page.content.decode()
    assert "lena" not in page.content.decode()
    answer = client.post("/demo/sign-in/", {"person": "lena"}, **origin)
    assert answer.status_code == 404
    assert _who(client) == ""


def test_one_click_is_absent_outside_the_demo(client, settings):
    assert settings.PORTAL_DEMO is False
    _demo_lead()
    _closed(client)


@pytest.mark.parametrize(
    "origin",
    [
        AFAR,
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_HOST": "portal.example.org"},
    ],
)
def test_one_click_is_absent_from_afar_even_in_the_demo(client, demo, settings, origin):
    settings.ALLOWED_HOSTS = ["*"]
    _demo_lead()
    _closed(client, **origin)


def test_one_click_works_behind_a_proxy_that_the_operator_named(client, demo, settings):
    """Codespaces: the forwarder runs on this machine and says so; from elsewhere it stays closed."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.USE_X_FORWARDED_HOST = True
    _demo_lead()
    forwarded = {"HTTP_X_FORWARDED_HOST": "x.app.github.dev", "HTTP_X_FORWARDED_PROTO": "https"}
    _closed(Client(), **forwarded, **AFAR)
    assert client.post("/demo/sign-in/", {"person": "lena"}, **forwarded).status_code == 302
    assert _who(client) == "lena"


@pytest.mark.parametrize("person", ["real", "gone", "nobody", ""])
def test_one_click_is_for_active_demo_people_only(client, demo, person):
    make_user("real")
    make_user("gone", is_demo=True, is_active=False)
    assert client.post("/demo/sign-in/", {"person": person}).status_code == 404
    assert _who(client) == ""


def test_one_click_needs_a_form_of_ours(demo):
    _demo_lead()
    client = Client(enforce_csrf_checks=True)
    assert client.get("/demo/sign-in/").status_code == 405
    assert client.post("/demo/sign-in/", {"person": "lena"}).status_code == 403
    assert _who(client) == ""


# --- the first page ----------------------------------------------------------------------------------------------------


def _choices(client):
    """What the first page offers: (label, where it leads)."""
    page = client.get("/welcome/").content.decode()
    links = re.findall(r'<a class="btn[^"]*" href="([^"]+)">([^<]+)</a>', page)
    forms = re.findall(r'<form method="post" action="([^"]+)">.*?<button[^>]*>([^<]+)</button>', page)
    return [(label, url) for url, label in links + forms]


def test_the_first_page_offers_the_demo_and_the_own_organisation(client, demo):
    make_admin("mei", is_demo=True, password=None)
    assert _choices(client) == [
        ("Look round the demo", "/account/login/"),
        ("Start my organisation", "/demo/sign-in/"),
    ]


def test_the_first_page_of_an_empty_portal_offers_to_start(client):
    assert _choices(client) == [("Start my organisation", "/setup/")]


def test_the_first_page_of_a_demo_with_people_of_its_own_offers_to_sign_in(client, demo):
    make_admin("mei", is_demo=True, password=None)
    make_user("real")
    assert _choices(client) == [("Look round the demo", "/account/login/"), ("Sign in", "/account/login/")]


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_first_page_of_a_portal_in_use_is_the_sign_in_page(client, is_demo):
    """Demo people outside the demo are nobody's way in, and nothing of them is shown."""
    make_admin("mei", is_demo=is_demo)
    answer = client.get("/welcome/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/")


# --- the end of the demo (who may, and what stays: tests/portal/test_demo_remove.py) -------------------------------------


def _seeded():
    seed_demo(size=Size(units=2, teams=3, weeks=4, seed=1), at=timezone.now())


@pytest.mark.slow
def test_the_demo_goes_with_one_click_and_a_confirmation_and_leaves_a_portal_that_starts(client, demo):
    _seeded()
    first = client.get("/")
    assert (first.status_code, first["Location"]) == (302, "/welcome/")
    page = client.get("/welcome/").content.decode()
    person = re.findall(r'name="next" value="/demo/remove/">.*?name="person" value="([\w-]+)"', page)
    assert person == ["demo-admin"]
    answer = client.post("/demo/sign-in/", {"person": person[0], "next": "/demo/remove/"})
    assert answer["Location"] == "/demo/remove/"
    people = User.objects.count()
    question = client.get("/demo/remove/").content.decode()
    assert f"This removes 3 teams in 3 units, and {people} people." in question
    assert User.objects.count() == people

    done = client.post("/demo/remove/")

    assert (done.status_code, done["Location"]) == (302, "/setup/")
    assert (User.objects.count(), Unit.objects.count(), Team.objects.count()) == (0, 0, 0)
    event = Event.objects.get(action="demo.remove")
    assert (event.actor_name, event.after) == ("Adaeze Obi", {"units": 3, "teams": 3, "people": people})
    assert client.get("/setup/").status_code == 200
    assert client.post("/setup/", SETUP)["Location"] == "/"
    assert _who(client) == "ada"
    assert list(Unit.objects.values_list("name", flat=True)) == ["Acme"]
    # The next start does not bring the demo back.
    assert ensure_demo(at=timezone.now()) is False


def test_the_organisation_page_of_the_demo_leads_its_administrator_to_the_end_of_it(client, demo, settings):
    link = '<a href="/demo/remove/">Remove it and start your own organisation</a>'
    lead, admin = _demo_lead(), make_admin("mei", is_demo=True, password=None)
    assert link in sign_in(client, admin).get("/organisation/").content.decode()
    assert link not in sign_in(client, lead).get("/organisation/").content.decode()
    settings.PORTAL_DEMO = False
    assert link not in sign_in(client, admin).get("/organisation/").content.decode()


@pytest.mark.slow
def test_who_joined_the_demo_stays_and_the_organisation_can_be_started(client, demo):
    _seeded()
    real = make_user("rea", full_name="Rea")
    grant(real, Role.ADMIN, Unit.objects.get(slug="demo"))
    assert sign_in(client, real).get("/setup/").status_code == 404
    assert client.post("/demo/remove/")["Location"] == "/setup/"
    assert list(User.objects.all()) == [real]
    taken = client.post("/setup/", SETUP | {"username": "REA"})
    assert "Somebody has this user name already." in taken.content.decode()
    assert client.post("/setup/", SETUP)["Location"] == "/"
    assert _who(client) == "ada"
    assert client.get("/setup/").status_code == 404


# --- passwords and links -----------------------------------------------------------------------------------------------


def test_a_person_signs_in_with_a_password_and_it_is_logged(client):
    make_lead(make_team(), "lena")
    answer = client.post("/account/login/", {"login": "lena", "password": PASSWORD})
    assert (answer.status_code, _who(client)) == (302, "lena")
    assert events().get().after == {"method": "password"}


@pytest.mark.parametrize("login", ["lena", "nobody"])
def test_a_wrong_password_says_the_same_for_known_and_unknown_names(client, login):
    make_lead(make_team(), "lena")
    page = client.post("/account/login/", {"login": login, "password": "wrong"}).content.decode()
    assert "The user name or the password is wrong." in page
    assert _who(client) == ""
    logged = [(event.action, event.object_kind) for event in events()]
    assert logged == ([("session.refuse", "user")] if login == "lena" else [])


def test_nobody_signs_up(client):
    answer = client.post(
        "/account/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert "People are invited here" in answer.content.decode()
    assert User.objects.count() == 0


def test_a_forgotten_password_sends_no_mail(client, mailoutbox):
    make_user("lena", email="lena@example.org")
    assert "An administrator" in client.get("/account/password/reset/").content.decode()
    assert client.post("/account/password/reset/", {"email": "lena@example.org"}).status_code == 405
    assert mailoutbox == []


def test_an_invited_person_sets_a_password_once_and_is_in(client):
    person, token = create_person(
        username="sam", full_name="Sam", role=Role.VIEWER, unit=root_unit(), by=None, at=timezone.now()
    )
    link = reverse("teams:invitation", args=[token])
    assert "Welcome, Sam" in client.get(link).content.decode()
    weak = client.post(link, {"password": "sam", "again": "sam"})
    assert weak.status_code == 422
    good = {"password": PASSWORD, "again": PASSWORD}
    assert client.post(link, good | {"again": "something else"}).status_code == 422
    assert client.post(link, good)["Location"] == "/"
    assert _who(client) == "sam"
    again = Client().post(link, {"password": "another good phrase", "again": "another good phrase"})
    assert again.status_code == 404
    assert "used already or has lapsed" in again.content.decode()
    person.refresh_from_db()
    assert person.check_password(PASSWORD) is True


def test_the_link_is_shown_once_and_works():
    team = make_team()
    client = sign_in(Client(), make_lead(team))
    data = {"full_name": "Sam", "username": "sam", "role": Role.MEMBER.value, "place": f"team:{team.slug}"}
    answer = client.post("/people/new/", data)
    links = re.findall(r'value="http://testserver(/invitations/[^"]+)"', answer.content.decode())
    assert len(links) == 1
    assert answer["Cache-Control"] == "no-store"
    assert Client().get(links[0]).status_code == 200
    assert links[0].split("/")[2] not in client.get("/people/").content.decode()


def test_a_token_is_shown_once_and_asks_for_proof_first():
    lead = make_lead(make_team(), "lena")
    client = sign_in(Client(), lead, is_recent=False)
    data = {"name": "laptop", "scopes": ["results:read"], "days": "30"}
    asked = client.post("/tokens/new/", data)
    assert asked["Location"] == "/account/reauthenticate/?next=%2Ftokens%2Fnew%2F"
    assert ApiToken.objects.count() == 0
    # The suspended request goes on by itself once the password is given.
    shown = client.post("/account/reauthenticate/?next=/tokens/new/", {"password": PASSWORD}).content.decode()
    secret = re.findall(r'value="mlp_[0-9a-f]{8}_([0-9a-f]{64})"', shown)
    assert len(secret) == 1
    assert secret[0] not in client.get("/tokens/").content.decode()
    assert ApiToken.objects.get().owner == lead


@pytest.mark.parametrize(
    "address",
    [
        "/account/logout/",
        "/account/password/change/",
        "/account/2fa/",
        "/account/2fa/totp/activate/",
        "/account/reauthenticate/",
    ],
)
def test_allauths_pages_are_in_the_portals_frame(address):
    client = sign_in(Client(), make_lead(make_team()))
    page = client.get(address)
    assert page.status_code == 200
    assert '<header class="bar">' in page.content.decode()
    assert 'class="btn' in page.content.decode()


@pytest.mark.parametrize(
    ("address", "labels", "button"),
    [
        (
            "/account/password/change/",
            ["Current password", "New password", "The same password again"],
            "Change the password",
        ),
        ("/account/2fa/totp/activate/", ["Key", "Code from the app"], "Turn on"),
        ("/account/2fa/webauthn/", [], "Add a key"),
    ],
)
def test_allauths_forms_speak_as_the_others(address, labels, button):
    page = sign_in(Client(), make_lead(make_team())).get(address).content.decode()

    assert re.findall(r"<label for=[^>]*>([^<]*)</label>", page) == labels
    assert re.findall(r'<(?:button|a)[^>]*class="btn btn--main"[^>]*>([^<]*)</', page) == [button]
    assert "placeholder" not in page


def test_the_code_for_the_app_lies_on_white_in_any_theme():
    page = sign_in(Client(), make_lead(make_team())).get("/account/2fa/totp/activate/").content.decode()

    assert len(re.findall(r'<span data-theme="light"><img src="data:image/svg\+xml;base64,', page)) == 1
