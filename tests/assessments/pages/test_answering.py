"""Answering in the browser: started, saved answer by answer or all at once, never over somebody else's, locked when sent."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assessments.models import Answer, Assessment, Evidence
from assessments.services.measurements import Observed
from assessments.services.profile import set_profile
from assessments.services.submission import start_assessment
from tests.assessments.pages.conftest import measure
from tests.assessments.pages.reading import head, main, section
from tests.factories import AT, make_member, sign_in

pytestmark = pytest.mark.django_db

KEY = "environment-dependencies_listed"
SLUG = "environment.dependencies_listed"
OTHER = "environment-versions_pinned"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def draft(bare):
    return start_assessment(team=bare.team, by=bare.lead, at=AT)


@pytest.fixture
def lead(client, bare):
    return sign_in(client, bare.lead)


def ladder(world):
    return world.path("assessment/environment/")


def save(client, world, value, *, version="", htmx=True, **fields):
    data = {f"answer-{KEY}": value, f"note-{KEY}": "", f"version-{KEY}": version, **fields}
    return client.post(world.path(f"assessment/answers/{SLUG}/"), data, headers=HTMX if htmx else {})


def stored():
    return list(Answer.objects.order_by("pk").values_list("criterion__slug", "value", "note", "row_version"))


class TestStart:
    def test_nothing_is_open(self, bare, lead):
        page = lead.get(bare.path("assessment/"))

        assert "No assessment is open" in main(page)
        assert "Start an assessment" in main(page)

    def test_start(self, bare, lead):
        response = lead.post(bare.path("assessment/start/"))

        assert response.headers["Location"] == bare.path("assessment/")
        assert head(lead.get(bare.path("assessment/"))) == (
            "Teams Forecasting Assessment Q4 2026 Begin "
            "0 of 130 criteria answered, 0 of 21 capabilities complete. "
            "State Draft Started 20 Nov 2026, 13:00 Maturity model version 2"
        )

    def test_starting_twice_keeps_the_first(self, bare, lead):
        lead.post(bare.path("assessment/start/"))
        response = lead.post(bare.path("assessment/start/"), follow=True)

        assert "This team has an open assessment already. Nothing was started." in main(response)
        assert Assessment.objects.count() == 1

    def test_a_get_starts_nothing(self, bare, lead):
        assert lead.get(bare.path("assessment/start/")).status_code == 405
        assert Assessment.objects.count() == 0


class TestOneAnswer:
    def test_autosave_gives_the_version_for_the_next_save(self, bare, draft, lead):
        response = save(lead, bare, "yes")

        assert response.status_code == 200
        assert response.headers["HX-Retarget"] == f"#saved-{KEY}"
        assert response.headers["HX-Trigger"] == "answer-saved"
        assert re.findall(r'name="([\w-]+)" value="(\w*)"', response.content.decode()) == [
            (f"version-{KEY}", "1"),
            (f"was-{KEY}", "yes"),
        ]
        assert "Saved" in response.content.decode()
        assert stored() == [(SLUG, "yes", "", 1)]

    def test_a_second_save_with_that_version(self, bare, draft, lead):
        save(lead, bare, "yes")
        response = save(lead, bare, "no", version="1", **{f"note-{KEY}": "Only in part."})

        assert f'name="version-{KEY}" value="2"' in response.content.decode()
        assert stored() == [(SLUG, "no", "Only in part.", 2)]

    def test_without_javascript_it_goes_back_to_the_criterion(self, bare, draft, lead):
        response = save(lead, bare, "unknown", htmx=False)

        assert response.headers["Location"] == f"{ladder(bare)}#ask-{KEY}"
        assert stored() == [(SLUG, "unknown", "", 1)]

    def test_a_button_without_javascript_saves_what_else_was_chosen(self, bare, draft, lead):
        save(lead, bare, "yes", htmx=False, **{f"answer-{OTHER}": "no", f"note-{OTHER}": "Next month."})

        assert stored() == [
            (SLUG, "yes", "", 1),
            ("environment.versions_pinned", "no", "Next month.", 1),
        ]

    def test_stale_version_is_a_conflict_and_nothing_is_overwritten(self, bare, draft, lead, client):
        save(lead, bare, "yes", **{f"note-{KEY}": "Since March."})
        other = sign_in(type(client)(), bare.member)

        response = save(other, bare, "no")

        assert response.status_code == 409
        assert section(response, f"conflict-{KEY}") == (
            "Lena changed this answer at 13:00 Saved by Lena Yes Since March. Yours, not saved No "
            "Keep theirs Use mine"
        )
        assert stored() == [(SLUG, "yes", "Since March.", 1)]

    def test_use_mine_after_the_conflict_keeps_the_note_of_the_person(self, bare, draft, lead, client):
        save(lead, bare, "yes", **{f"note-{KEY}": "Since March."})
        other = sign_in(type(client)(), bare.member)
        page = save(other, bare, "no", **{f"note-{KEY}": "Not in all repositories."}).content.decode()
        version = re.search(rf'name="version-{KEY}" value="(\d+)"', page)
        assert version is not None

        response = save(
            other,
            bare,
            "no",
            version=version.group(1),
            **{f"note-{KEY}": "Not in all repositories.", f"take-{KEY}": "no"},
        )

        assert response.status_code == 200
        assert stored() == [(SLUG, "no", "Not in all repositories.", 2)]

    def test_the_same_answer_from_two_people_is_no_conflict(self, bare, draft, lead, client):
        save(lead, bare, "yes")
        response = save(sign_in(type(client)(), bare.member), bare, "yes")

        assert response.status_code == 200
        assert f'name="version-{KEY}" value="1"' in response.content.decode()
        assert stored() == [(SLUG, "yes", "", 1)]

    def test_conflict_without_javascript_shows_the_page_with_both(self, bare, draft, lead, client):
        save(lead, bare, "yes")
        response = save(sign_in(type(client)(), bare.member), bare, "no", htmx=False)

        assert response.status_code == 409
        assert section(response, f"conflict-{KEY}").startswith("Lena changed this answer at 13:00")
        assert stored() == [(SLUG, "yes", "", 1)]

    def test_does_not_apply_is_offered_by_the_profile_alone(self, bare, draft, lead, maturity_model):
        radio = 'id="environment-managed_compute-na"'
        assert radio not in lead.get(ladder(bare)).content.decode()

        set_profile(
            team=bare.team, maturity_model=maturity_model, flags=["pretrained_only"], by=bare.lead, at=AT
        )

        assert radio in lead.get(ladder(bare)).content.decode()

    def test_does_not_apply_needs_its_reason(self, bare, draft, lead, maturity_model):
        set_profile(
            team=bare.team, maturity_model=maturity_model, flags=["pretrained_only"], by=bare.lead, at=AT
        )
        key = "environment-managed_compute"
        response = lead.post(
            bare.path("assessment/answers/environment.managed_compute/"),
            {f"answer-{key}": "na", f"reason-{key}": " ", f"note-{key}": ""},
            headers=HTMX,
        )

        assert response.status_code == 422
        assert stored() == []

    def test_something_else_than_an_answer(self, bare, draft, lead):
        assert save(lead, bare, "perhaps").status_code == 422
        assert stored() == []

    def test_clear(self, bare, draft, lead):
        save(lead, bare, "yes")
        save(lead, bare, "yes", version="1", **{f"take-{KEY}": "clear"})

        assert stored() == []

    def test_what_was_measured_is_told_and_not_chosen(self, bare, draft, lead):
        measure(bare.team, Observed(signal="repo.has_dependency_manifest", value=True, observed_at=AT))

        page = lead.get(ladder(bare))

        assert "Signals say yes read 20 Nov 2026 Take over what was measured: yes" in main(page)
        assert re.search(r"<input type=\"radio\"[^>]*checked", page.content.decode()) is None

    def test_queries_of_a_save(self, bare, draft, lead):
        lead.get(ladder(bare))  # the maturity model is parsed once per process
        with CaptureQueriesContext(connection) as queries:
            save(lead, bare, "yes")

        # PERFORMANCE P21: at most 8, beside session and user and the savepoint inside the test's own transaction.
        assert len([one for one in queries if "SAVEPOINT" not in one["sql"]]) - 2 == 7


class TestWholePage:
    def test_save_and_continue(self, bare, draft, lead):
        response = lead.post(
            ladder(bare),
            {f"answer-{KEY}": "yes", f"note-{KEY}": "", f"answer-{OTHER}": "no", f"note-{OTHER}": ""},
        )

        assert response.headers["Location"] == bare.path("assessment/tracking/")
        assert [(slug, value) for slug, value, _, _ in stored()] == [
            (SLUG, "yes"),
            ("environment.versions_pinned", "no"),
        ]

    def test_enter_saves_the_page(self, bare, draft, lead):
        """The first submit button is what Enter presses; it must not be one that takes an answer away."""
        save(lead, bare, "yes")
        form = lead.get(ladder(bare)).content.decode().partition(f'action="{ladder(bare)}"')[2]

        assert re.findall(r"<button type=\"submit\"[^>]*>", form)[0] == (
            '<button type="submit" class="hidden" tabindex="-1" aria-hidden="true">'
        )

    def test_yes_up_to_a_level_fills_what_is_open_and_leaves_a_no(self, bare, draft, lead):
        save(lead, bare, "no")
        response = lead.post(ladder(bare), {"upto": "2"}, follow=True)

        assert "3 criteria are answered with yes. 1 answer was left as they are." in main(response)
        assert [(slug.partition(".")[2], value) for slug, value, _, _ in stored()] == [
            ("dependencies_listed", "no"),
            ("versions_pinned", "yes"),
            ("managed_compute", "yes"),
            ("recorded_per_run", "yes"),
        ]

    def test_one_stale_answer_does_not_take_the_others_along(self, bare, draft, lead, client):
        save(lead, bare, "yes")
        response = sign_in(type(client)(), bare.member).post(
            ladder(bare),
            {f"answer-{KEY}": "no", f"note-{KEY}": "", f"answer-{OTHER}": "yes", f"note-{OTHER}": ""},
        )

        assert response.status_code == 409
        assert stored() == [(SLUG, "yes", "", 1), ("environment.versions_pinned", "yes", "", 1)]

    def test_the_preview_counts_the_draft_and_stores_nothing(self, bare, draft, lead):
        save(lead, bare, "yes")

        words = section(lead.get(ladder(bare)), "now")

        assert words == (
            "Training environment, as answered 0 1 2 3 4 Level 1 (verified 0, up to 4). 1 of 7 criteria known. "
            "Counted from this draft and never stored. Publishing makes it the team's result."
        )
        assert bare.team.scores.count() == 0


class TestEvidence:
    ADD = f"assessment/evidence/{SLUG}/add/"

    def data(self, **fields):
        return {
            "title": "Lock file",
            "form": "link",
            "url": "https://git.example/lock",
            "kind": "repo_file",
            "collected_on": "2026-11-20",
            "criteria": [SLUG],
            **fields,
        }

    def test_a_link(self, bare, draft, lead):
        response = lead.post(bare.path(self.ADD), self.data())

        assert response.headers["Location"] == f"{ladder(bare)}#ask-{KEY}"
        assert "Lock file to 19 May 2027 Take back" in main(lead.get(ladder(bare)))

    def test_a_note(self, bare, draft, lead):
        lead.post(bare.path(self.ADD), self.data(form="note", url="", text="Seen in the weekly."))

        assert list(Evidence.objects.values_list("form", "text", "url")) == [
            ("note", "Seen in the weekly.", "")
        ]

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"url": ""}, "Address: A link needs its address."),
            ({"url": "javascript:alert(1)"}, "Address: Enter a valid URL."),
            ({"form": "note", "text": " "}, "Note: A note needs its text."),
            ({"collected_on": "2026-11-21"}, "Seen on: Evidence cannot be collected in the future."),
            ({"criteria": []}, "What it proves: Choose at least one."),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_stored(self, bare, draft, lead, wrong, says):
        response = lead.post(bare.path(self.ADD), self.data(**wrong))

        assert response.status_code == 422
        assert f"Nothing was saved. 1 thing to put right: {says}" in main(response)
        assert Evidence.objects.count() == 0

    def test_taking_back_asks_first(self, bare, draft, lead):
        lead.post(bare.path(self.ADD), self.data())
        path = bare.path(f"evidence/{Evidence.objects.get().pk}/remove/")

        assert 'Take back "Lock file"? It stops carrying 1 criterion at once.' in main(lead.get(path))
        assert Evidence.objects.get().removed_at is None
        assert lead.post(path).headers["Location"] == f"{ladder(bare)}#ask-{KEY}"
        assert Evidence.objects.get().removed_at is not None

    def test_a_member_takes_back_only_what_is_their_own(self, bare, draft, lead, client):
        lead.post(bare.path(self.ADD), self.data())
        path = bare.path(f"evidence/{Evidence.objects.get().pk}/remove/")

        assert sign_in(type(client)(), bare.member).post(path).status_code == 403
        assert Evidence.objects.get().removed_at is None


class TestSending:
    def test_nothing_answered(self, bare, draft, lead):
        response = lead.post(bare.path("assessment/submit/"))

        assert response.status_code == 422
        assert "Nothing is answered yet. Answer at least one criterion, then send it." in main(response)
        draft.refresh_from_db()
        assert draft.status == Assessment.Status.DRAFT

    def test_check_says_what_is_open_and_unproven(self, bare, draft, lead):
        lead.post(ladder(bare), {"upto": "2"})

        page = lead.get(bare.path("assessment/check/"))

        assert head(page) == (
            "Forecasting Assessment Q4 2026 Check before you send "
            "This would be the first result: level 0 (up to 4). 4 of 130 criteria are answered in this assessment."
        )
        assert section(page, "s-open").startswith("Without an answer: 126 ")
        # Level 1 needs no proof; three claims of level 2 do.
        assert section(page, "s-unproven").startswith("Claimed without evidence: 3 ")
        assert section(page, "s-disputes") == (
            "Disputes that this opens None: nothing that you say is contradicted by a signal."
        )

    def test_check_leads_to_what_will_be_disputed(self, bare, draft, lead):
        measure(bare.team, Observed(signal="repo.has_dependency_manifest", value=False, observed_at=AT))
        save(lead, bare, "yes")

        page = lead.get(bare.path("assessment/check/"))

        assert section(page, "s-disputes") == (
            "Disputes that this opens Disputed "
            "Are the libraries needed for training listed in a file in the repository? "
            "You say yes; signals say no."
        )

    def test_sent_is_locked_for_both_ways_of_saving(self, bare, draft, lead):
        save(lead, bare, "yes")
        lead.post(bare.path("assessment/submit/"))

        one = save(lead, bare, "no", version="1")
        whole = lead.post(ladder(bare), {f"answer-{KEY}": "no", f"note-{KEY}": "", f"version-{KEY}": "1"})

        assert (one.status_code, whole.status_code) == (409, 409)
        assert stored() == [(SLUG, "yes", "", 1)]
        page = lead.get(ladder(bare))
        assert "This assessment is locked Answers can be read and not changed here." in main(page)
        assert "Save and continue" not in main(page)

    def test_a_member_does_not_send(self, bare, draft, lead, client):
        save(lead, bare, "yes")
        member = sign_in(type(client)(), bare.member)

        assert "A lead of Forecasting sends it." in main(member.get(bare.path("assessment/check/")))
        assert member.post(bare.path("assessment/submit/")).status_code == 403
        draft.refresh_from_db()
        assert draft.status == Assessment.Status.DRAFT

    def test_taken_back_can_be_answered_again(self, bare, draft, lead):
        save(lead, bare, "yes")
        lead.post(bare.path("assessment/submit/"))
        lead.post(bare.path("assessment/withdraw/"))

        assert save(lead, bare, "no", version="1").status_code == 200
        assert stored() == [(SLUG, "no", "", 2)]

    def test_publish_says_not_reviewed(self, bare, draft, lead):
        save(lead, bare, "yes")
        lead.post(bare.path("assessment/submit/"))

        check = lead.get(bare.path("assessment/check/"))
        response = lead.post(bare.path("assessment/publish/"), follow=True)

        assert "Publish, not reviewed" in main(check)
        assert "Q4 2026 is published. Nobody from outside the team reviewed it." in main(response)
        assert "Last result 20 Nov 2026, not reviewed" in head(response)
        assert save(lead, bare, "no", version="1").status_code == 404
        assert stored() == [(SLUG, "yes", "", 1)]

    def test_a_draft_is_not_published_past_the_check(self, bare, draft, lead):
        save(lead, bare, "yes")

        assert lead.post(bare.path("assessment/publish/")).status_code == 409
        assert bare.team.team_scores.count() == 0

    def test_last_answers_are_confirmed_with_one_button(self, world, client):
        lead = sign_in(client, world.lead)
        lead.post(world.path("assessment/start/"))

        assert "Last time, Q4 2026: Yes Still true: Yes," in main(lead.get(ladder(world)))
        save(lead, world, "", **{f"take-{KEY}": "yes"})

        confirmed = Answer.objects.get(assessment__status=10, criterion__slug=SLUG)
        assert (confirmed.value, confirmed.answered_at.hour, confirmed.row_version) == ("yes", 13, 1)

    def test_deleting_a_draft_asks_first(self, bare, draft, lead):
        save(lead, bare, "yes")

        assert "Delete the draft Q4 2026? 1 answer goes with it." in main(
            lead.get(bare.path("assessment/delete/"))
        )
        lead.post(bare.path("assessment/delete/"))
        assert Assessment.objects.count() == 0


def test_two_members_of_one_team_both_answer(bare, draft, client):
    second = make_member(bare.team, "mona")
    save(sign_in(type(client)(), bare.member), bare, "yes")
    response = save(sign_in(type(client)(), second), bare, "no", version="1")

    assert response.status_code == 200
    assert stored() == [(SLUG, "no", "", 2)]
