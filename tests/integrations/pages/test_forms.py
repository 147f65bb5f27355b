"""Making, editing and mapping: what is refused is said in full, and nothing is written then."""

from __future__ import annotations

import re
import socket
import time
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import AllowedHost, Connection, Source
from integrations.services.connections import edit_connection
from integrations.services.credentials import secrets_of
from integrations.services.sources import edit_source
from teams.models import Event
from teams.services.teams import archive_team
from tests.factories import AT, make_team
from tests.integrations.factories import TOKEN, make_connection, make_source
from tests.integrations.pages.conftest import text_of

NEW = "/connections/new/fakegit/"
LOCAL = "http://localhost:5000"
REFUSED = (
    "Refused: http://localhost:5000 is a loopback address (the portal's own machine), plain http. If you allow it, every "
    "connection of this portal may then send requests to localhost on port 5000, its credential readable on the way. To "
    "allow it, add http://localhost:5000 to PORTAL_EGRESS_ALLOW."
)
BOX = "Allow this portal to read http://localhost:5000"


def form(base_url: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "Lab",
        "base_url": base_url,
        "interval_minutes": "360",
        "option-token": TOKEN,
        "option-account": "reader",
        **fields,
    }


def counts() -> tuple[int, int, int, int]:
    return (
        Connection.objects.count(),
        Source.objects.count(),
        AllowedHost.objects.count(),
        Event.objects.count(),
    )


class TestCreate:
    def test_it_is_saved_tested_and_what_the_test_found_is_shown(self, fake, world, as_):
        fake.token = TOKEN
        fake.pages["/me"] = {
            "identity": "reader",
            "choices": {"project": ["churn", "fraud"]},
            "missing": {"Administration (read)": ["repo.main_branch_guarded"]},
            "notes": ["The token ends on 1 Dec 2026."],
        }

        page = text_of(as_("platform").post(NEW, form(fake.origin), follow=True))

        connection = Connection.objects.get(name="Lab")
        assert secrets_of(connection) == {"token": TOKEN}
        assert connection.options == {"account": "reader"}
        assert "The test went through: Lab answers." in page
        assert (
            "reader. Project: 2 churn, fraud Missing: Administration (read) 1 signal stays unknown, and 1 criterion "
            "loses what could decide it. Which ones : Administration (read) Is merging to the main branch blocked until review "
            "and required checks have passed? level 3 Signals: repo.main_branch_guarded. "
            "The token ends on 1 Dec 2026." in page
        )
        assert TOKEN not in page

    def test_a_token_that_the_source_refuses_is_said_and_the_connection_stands(self, fake, world, as_):
        fake.token = "another"

        page = text_of(as_("platform").post(NEW, form(fake.origin), follow=True))

        assert (
            "The test failed. 127.0.0.1 did not accept the credential (HTTP 401): enter a new one in the connection."
            in page
        )
        assert Connection.objects.filter(name="Lab").count() == 1
        # It stays on the page, with its time, until a test goes through.
        again = text_of(as_("platform").get(f"/connections/{Connection.objects.get(name='Lab').pk}/"))
        assert re.search(
            r"What the test found Failed [0-9]+ \w+ 20\d\d, \d\d:\d\d 127.0.0.1 did not accept the credential",
            again,
        )

    def test_an_unreachable_server_is_said_and_the_connection_stands(self, settings, world, as_):
        settings.PORTAL_EGRESS_ALLOW = "http://127.0.0.1:1"

        page = text_of(as_("platform").post(NEW, form("http://127.0.0.1:1"), follow=True))

        assert (
            "The test failed. 127.0.0.1 could not be reached: check the address, and that the server runs."
            in page
        )
        assert Connection.objects.filter(name="Lab").count() == 1

    def test_what_is_missing_is_asked_for(self, world, as_):
        before = counts()

        answer = as_("platform").post(
            NEW, form("https://git.example.org", **{"option-token": "", "name": ""})
        )

        assert answer.status_code == 422
        assert "Nothing was saved. 2 things to put right" in text_of(answer)
        assert counts() == before

    def test_a_taken_name_is_an_error_of_the_name(self, world, as_):
        before = counts()

        answer = as_("platform").post(NEW, form("https://git.example.org", name="Git"))

        assert answer.status_code == 422
        assert "Name: There is a connection named Git already. Give this one another name." in text_of(answer)
        assert counts() == before

    def test_an_unknown_kind_is_404(self, world, as_):
        assert as_("platform").get("/connections/new/bamboo/").status_code == 404


class TestRefusedAddress:
    def test_an_engineer_reads_what_was_refused_and_who_can_allow_it(self, world, as_):
        before = counts()

        answer = as_("platform").post(NEW, form(LOCAL))

        page = text_of(answer)
        assert answer.status_code == 422
        assert (
            f"{REFUSED} Or ask an administrator to save this form: to them it offers a box that allows the address."
            in page
        )
        assert BOX not in page
        assert TOKEN not in answer.content.decode()
        assert counts() == before

    def test_the_box_of_an_engineer_counts_for_nothing(self, world, as_):
        before = counts()

        answer = as_("platform").post(NEW, form(LOCAL, allow=LOCAL))

        assert (answer.status_code, REFUSED in text_of(answer)) == (422, True)
        assert counts() == before

    def test_an_administrator_ticks_the_box_and_it_is_logged(self, fake, settings, world, as_):
        settings.PORTAL_EGRESS_ALLOW = ""
        fake.pages["/me"] = {"identity": "reader"}
        client = as_("admin")
        before = counts()

        refused = client.post(NEW, form(fake.origin))
        assert (refused.status_code, counts()) == (422, before)
        assert "Or tick the box below and save again." in text_of(refused)
        assert f'name="allow" value="{fake.origin}"' in refused.content.decode()
        saved = client.post(NEW, form(fake.origin, allow=fake.origin), follow=True)

        assert "The test went through: Lab answers." in text_of(saved)
        assert list(AllowedHost.objects.values_list("origin", flat=True)) == [fake.origin]
        assert Event.objects.get(action="connection.allow_host").after == {"origin": fake.origin}

    def test_the_box_opens_what_it_showed_and_nothing_else(self, world, as_):
        before = counts()

        answer = as_("admin").post(NEW, form("http://localhost:6000", allow=LOCAL))

        assert answer.status_code == 422
        assert "Allow this portal to read http://localhost:6000" in text_of(answer)
        assert counts() == before

    def test_in_production_there_is_the_setting_only(self, settings, world, as_):
        client = as_("admin")
        settings.PRODUCTION = True
        before = counts()

        answer = client.post(NEW, form(LOCAL, allow=LOCAL))

        page = text_of(answer)
        assert (answer.status_code, REFUSED in page, BOX in page, "Or tick" in page) == (
            422,
            True,
            False,
            False,
        )
        assert counts() == before

    @pytest.mark.parametrize(
        "address",
        ["http://169.254.169.254", "https://metadata.google.internal", "ftp://x", "https://u:p@x.org"],
    )
    def test_what_is_never_opened_has_no_box(self, world, as_, address):
        before = counts()

        answer = as_("admin").post(NEW, form(address, allow=address))

        assert (answer.status_code, 'name="allow"' in answer.content.decode()) == (422, False)
        assert counts() == before


class TestEdit:
    def url(self, world):
        return reverse("integrations:connection-edit", args=[world.connection.pk])

    def test_another_address_clears_the_credential_and_says_so(self, world, as_):
        data = form("https://elsewhere.example.org", row_version="1", **{"option-token": ""})

        page = text_of(as_("platform").post(self.url(world), data, follow=True))

        assert "The credential was cleared, because it was entered for another address." in page
        assert "No credential is stored." in page
        assert Connection.objects.get().secret == ""

    def test_two_people_edit_and_the_second_is_told_what_stands(self, world, as_):
        client = as_("platform")
        edit_connection(
            connection=world.connection,
            name="Git of the first",
            base_url="https://git.example.org",
            answers={},
            interval_minutes=1440,
            row_version=1,
            by=None,
            at=AT,
        )
        before = Connection.objects.values().get()

        mine = form("https://git.example.org", row_version="1", name="Git of the second")
        answer = client.post(self.url(world), mine)

        page = text_of(answer)
        assert answer.status_code == 409
        assert (
            "Git of the first was changed by somebody else meanwhile. Look at it and save again. Stored now: Name: Git of "
            "the first; Read it: Every day; Account: nothing. What you entered stands below and is not saved; saving "
            "again replaces what is stored." in page
        )
        assert 'value="Git of the second"' in answer.content.decode()
        assert 'name="row_version" value="2"' in answer.content.decode()
        assert TOKEN not in answer.content.decode()
        assert Connection.objects.values().get() == before

    @pytest.mark.parametrize("version", ["", "0", "99", "x"])
    def test_without_the_right_version_nothing_is_overwritten(self, world, as_, version):
        before = Connection.objects.values().get()

        answer = as_("platform").post(
            self.url(world), form("https://git.example.org", row_version=version, name="Mine")
        )

        assert answer.status_code == (422 if version == "x" else 409)
        assert Connection.objects.values().get() == before


def test_an_empty_credential_is_refused(world, as_):
    before = Connection.objects.values().get()

    answer = as_("platform").post(
        reverse("integrations:connection-set-secret", args=[world.connection.pk]), {"option-token": ""}
    )

    assert (answer.status_code, "Enter what is to be stored." in text_of(answer)) == (422, True)
    assert Connection.objects.values().get() == before


def test_a_pause_needs_a_reason_and_ends_by_resume(world, as_):
    client = as_("platform")
    pause, resume = (
        reverse(f"integrations:connection-{verb}", args=[world.connection.pk]) for verb in ("pause", "resume")
    )

    refused = client.post(pause, {"reason": ""})
    assert (refused.status_code, Connection.objects.get().is_paused) == (422, False)
    page = text_of(client.post(pause, {"reason": "moving to a new server"}, follow=True))
    assert "Paused moving to a new server" in page
    assert "Why it is paused moving to a new server" in text_of(client.get(resume))
    client.post(resume)
    assert Connection.objects.get().is_paused is False


class TestMap:
    def url(self, connection):
        return reverse("integrations:source-create", args=[connection.pk])

    def data(self, **fields):
        return {"team": "fraud", "option-project": "fraud", "option-branch": "main", **fields}

    def test_the_form_offers_what_the_test_found(self, world, as_):
        Connection.objects.update(
            found={"choices": {"project": ["churn", "fraud"], "workflows": ["train.yml"]}}, tested_at=AT
        )

        page = as_("platform").get(self.url(world.connection)).content.decode()

        assert (
            '<datalist id="id_option-project-found"><option value="churn"></option><option value="fraud">'
            in page
        )
        assert 'type="checkbox" name="option-workflows-found" value="train.yml"' in page
        assert "While nothing is named, 1 signal stays unknown." in page
        assert ('value="fraud">Fraud' in page, 'value="churn">Churn' in page) == (True, False)

    def test_ticked_and_typed_entries_are_kept_together(self, world, as_):
        Connection.objects.update(found={"choices": {"workflows": ["train.yml"]}}, tested_at=AT)

        as_("platform").post(
            self.url(world.connection),
            self.data(**{"option-workflows-found": ["train.yml"], "option-workflows": "nightly.yml\n\n"}),
        )

        source = Source.objects.get(team=world.other)
        assert source.options == {
            "project": "fraud",
            "workflows": ["train.yml", "nightly.yml"],
            "repositories": [],
            "branch": "main",
        }

    @pytest.mark.parametrize("team", ["", "churn", "nowhere", "archived", "pk"])
    def test_a_team_that_is_not_to_map_is_refused(self, world, as_, team):
        archived = make_team("Archived")
        archive_team(team=archived, by=None, at=AT)
        client = as_("platform")
        before = counts()

        answer = client.post(
            self.url(world.connection), self.data(team=str(world.other.pk) if team == "pk" else team)
        )

        said = "There is no such team here, or it is mapped already." if team else "Choose a team."
        assert (answer.status_code, f"Team: {said}" in text_of(answer)) == (422, True)
        assert counts() == before

    def test_a_team_that_somebody_mapped_meanwhile_is_said(self, world, as_):
        client = as_("platform")
        make_source(world.connection, world.other)
        before = counts()

        answer = client.post(self.url(world.connection), self.data())

        assert answer.status_code == 422
        assert counts() == before

    def test_with_many_teams_the_name_is_typed(self, world, as_):
        for number in range(201):
            make_team(f"Many {number:03}")
        client = as_("platform")

        page = client.get(self.url(world.connection)).content.decode()
        client.post(self.url(world.connection), self.data(team="many-150"))

        assert ('<select name="team"' in page, 'list="id_team-found"' in page) == (False, True)
        assert Source.objects.latest("pk").team.slug == "many-150"

    def test_two_people_edit_a_mapping_and_the_second_is_told_what_stands(self, world, as_):
        client = as_("platform")
        edit_source(source=world.source, options={"project": "first"}, row_version=1, by=None, at=AT)
        before = Source.objects.values().get()

        answer = client.post(
            reverse("integrations:source-edit", args=[world.connection.pk, world.source.pk]),
            {"option-project": "second", "option-branch": "main", "row_version": "1"},
        )

        assert answer.status_code == 409
        assert (
            "This mapping was changed by somebody else meanwhile. Look at it and save again. Stored now: Project: first"
            in text_of(answer)
        )
        assert Source.objects.values().get() == before


class TestTest:
    def url(self, world):
        return reverse("integrations:connection-test", args=[world.connection.pk])

    def test_the_eleventh_within_an_hour_is_refused(self, fake, world, as_):
        fake.pages["/me"] = {"identity": "reader"}
        Connection.objects.update(
            base_url=fake.origin, recent_tests=[timezone.now().isoformat()] * 10, found={}
        )

        page = text_of(as_("platform").post(self.url(world), follow=True))

        assert "The test failed. Git was tested 10 times within an hour. Wait, then test again." in page
        assert (fake.asked, Connection.objects.get().found) == ([], {})

    def test_a_connector_with_a_bug_takes_no_page_down(self, fake, world, as_):
        fake.pages["/me"] = {}
        Connection.objects.update(base_url=fake.origin)

        page = text_of(as_("platform").post(self.url(world), follow=True))

        assert "The test failed. The portal itself failed while it tested this. Nothing was changed" in page

    @pytest.mark.slow
    def test_a_server_that_never_answers_holds_the_page_six_seconds(self, settings, world, as_):
        # Nobody accepts: the connection stands in the queue, and no byte ever comes.
        with socket.create_server(("127.0.0.1", 0)) as server:
            origin = f"http://127.0.0.1:{server.getsockname()[1]}"
            settings.PORTAL_EGRESS_ALLOW = origin
            connection = make_connection(name="Slow", base_url=origin)
            client = as_("platform")
            began = time.monotonic()

            page = text_of(
                client.post(reverse("integrations:connection-test", args=[connection.pk]), follow=True)
            )

        # Six of patience, see below; the rest is a busy machine's.
        assert time.monotonic() - began < 20
        assert (
            "The test failed. 127.0.0.1 did not answer in time (6 s at most): check that it runs and can be reached from "
            "the portal." in page
        )
