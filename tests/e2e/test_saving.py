"""Nothing acknowledged is lost and nothing typed vanishes: two tabs, no network, leaving, and a browser without JavaScript."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assessments.models import Answer, Assessment
from assessments.services.submission import start_assessment
from teams.models import Team
from tests.e2e.conftest import Browsing
from tests.factories import AT, make_lead, make_team, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CAPABILITY = "tracking"


@pytest.fixture
def draft(browsing: Browsing) -> Assessment:
    team = make_team("Churn signals")
    return start_assessment(team=team, by=make_lead(team, "lena"), at=AT)


def ladder(team: Team) -> str:
    return f"/teams/{team.slug}/assessment/{CAPABILITY}/"


def first_ask(page: Page) -> Any:
    """The first criterion that can be answered without opening anything."""
    return page.locator("[data-save]:visible").first


def stored(draft: Assessment) -> list[tuple[str, str]]:
    return list(Answer.objects.filter(assessment=draft).order_by("pk").values_list("value", "note"))


def test_two_tabs_the_second_save_shows_both_answers_and_loses_none(
    browsing: Browsing, draft: Assessment
) -> None:
    lead = draft.created_by
    one, two = browsing.open(lead), browsing.open(lead)
    for page in (one, two):
        page.goto(ladder(draft.team))
    first_ask(one).get_by_label("Yes", exact=True).check()
    expect(first_ask(one).locator("[data-save-state]")).to_contain_text("Saved")

    browsing.expect("^status 409: ")
    first_ask(two).get_by_label("No", exact=True).check()
    panel = first_ask(two).locator(".conflict")
    expect(panel).to_be_focused()
    expect(panel.locator("dd")).to_have_text(["Yes", "No"])
    assert stored(draft) == [("yes", "")]

    panel.get_by_role("button", name="Use mine").click()
    expect(first_ask(two).locator(".conflict")).to_have_count(0)
    expect(first_ask(two).get_by_label("No", exact=True)).to_be_checked()
    assert stored(draft) == [("no", "")]


def test_save_without_network_says_so_and_is_tried_again(browsing: Browsing, draft: Assessment) -> None:
    page = browsing.open(draft.created_by)
    page.goto(ladder(draft.team))
    browsing.expect("ERR_INTERNET_DISCONNECTED|^console error: htmx:(sendError|afterRequest)")
    page.context.set_offline(True)
    first_ask(page).get_by_label("Yes", exact=True).check()
    state = first_ask(page).locator("[data-save-state]")
    expect(state).to_have_text("Not saved, trying again")
    expect(page.locator("#live")).to_have_text("Not saved, trying again")
    assert stored(draft) == []

    page.context.set_offline(False)
    expect(state).to_contain_text("Saved")
    assert stored(draft) == [("yes", "")]


def test_leaving_with_unsaved_text_warns(browsing: Browsing, draft: Assessment) -> None:
    page = browsing.open(draft.created_by)
    page.goto(ladder(draft.team))
    browsing.expect("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    first_ask(page).get_by_text("Note (optional)").click()
    first_ask(page).get_by_label(re.compile("^Note on")).fill("Typed and not yet sent")
    page.on("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)

    assert asked.value.type == "beforeunload"
    assert first_ask(page).get_by_label(re.compile("^Note on")).input_value() == "Typed and not yet sent"


def test_text_is_saved_when_the_typing_stops(browsing: Browsing, draft: Assessment) -> None:
    page = browsing.open(draft.created_by)
    page.goto(ladder(draft.team))
    first_ask(page).get_by_label("Yes", exact=True).check()
    state = first_ask(page).locator("[data-save-state]")
    expect(state).to_contain_text("Saved")
    first_ask(page).get_by_text("Note (optional)").click()
    note = first_ask(page).get_by_label(re.compile("^Note on"))
    with page.expect_response("**/answers/**"):
        note.press_sequentially("In MLflow since spring")

    expect(note).to_be_focused()
    expect(state).to_contain_text("Saved")
    assert stored(draft) == [("yes", "In MLflow since spring")]


def test_without_javascript_one_signs_in_answers_saves_and_publishes(
    browsing: Browsing, draft: Assessment
) -> None:
    page = browsing.open(java_script_enabled=False)
    page.goto(ladder(draft.team))
    page.locator("input[name=login]").fill("lena")
    page.locator("input[name=password]").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(re.escape(ladder(draft.team))))

    for ask in page.locator("[data-save]:visible").all():
        ask.get_by_label("Yes", exact=True).check()
    count = page.locator("[data-save]:visible").count()
    page.get_by_role("button", name=re.compile("^Save and continue to")).click()
    assert stored(draft) == [("yes", "")] * count

    page.goto(f"/teams/{draft.team.slug}/assessment/check/")
    page.get_by_role("button", name="Send to review").click()
    page.get_by_role("button", name="Publish, not reviewed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Churn signals")
    draft.refresh_from_db()
    assert draft.status == Assessment.Status.PUBLISHED


def test_sign_in_by_form(browsing: Browsing) -> None:
    make_user("ada", full_name="Ada Berg")
    page = browsing.open()
    page.goto("/account/login/")
    page.locator("input[name=login]").fill("ada")
    page.locator("input[name=password]").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    expect(page.locator("[data-menu] summary")).to_have_text("Ada Berg")
