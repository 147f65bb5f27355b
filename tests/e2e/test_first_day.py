"""From an empty portal to a number on the heatmap and its reason, in a browser, without a shell; then MLflow goes down.

The portal is the whole one: the launcher's web server, worker, beat and broker. So the collection is the real one too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import Witness, watch
from tests.e2e.keyboard import press_until
from tests.e2e.small_mlflow import EXPERIMENT, MODEL, SmallMlflow, small_mlflow
from tests.e2e.visitors import PASSWORD
from tests.portal.launched import portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PATIENCE = 15_000  # milliseconds: the worker takes part
READ_WITHIN = 60_000
CAPABILITIES = (
    "Working across roles",
    "Ownership and independence from single persons",
    "Design before building",
)


@dataclass
class FirstDay:
    """Two people in two browsers, one portal, one MLflow."""

    url: str
    mlflow: SmallMlflow
    admin: Page
    lead: Page
    witnesses: list[Witness]


@pytest.fixture(scope="module")
def day(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstDay]:
    """An organisation with a unit, a team with a flag, its lead, and an MLflow that is read: all made on pages."""
    with small_mlflow() as mlflow, portal(tmp_path_factory.mktemp("launched")) as running:
        running.wait_ready()
        url = running.url
        contexts = [_context(browser, url), _context(browser, url)]
        witnesses = [watch(context) for context in contexts]
        # The address on loopback is refused first, with the box that allows it.
        witnesses[0].expect("^status 422: POST .*/connections/new/mlflow/$")
        made = FirstDay(url, mlflow, contexts[0].new_page(), contexts[1].new_page(), witnesses)
        set_up(made.admin)
        make_team(made.admin)
        set_flag(made.admin)
        invite_lead(made.admin, made.lead)
        connect_mlflow(made.admin, mlflow)
        yield made
        for context in contexts:
            context.close()


@pytest.fixture(autouse=True)
def nothing_went_wrong(day: FirstDay) -> Iterator[None]:
    yield
    assert [problem for witness in day.witnesses for problem in witness.problems] == []


def _context(browser: Browser, url: str) -> BrowserContext:
    context = browser.new_context(base_url=url, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    return context


def main_button(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def set_up(page: Page) -> None:
    page.goto("/welcome/")
    page.get_by_role("link", name="Start my organisation").click()
    page.get_by_label("Name of your organisation").fill("Northwind")
    page.get_by_label("Your name").fill("Ada Berg")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    main_button(page, "Start the organisation")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def make_team(page: Page) -> None:
    page.get_by_role("link", name="Organisation", exact=True).click()
    page.get_by_role("link", name="New unit").click()
    page.get_by_label("Name").fill("Retention")
    main_button(page, "Create the unit")
    page.get_by_role("link", name="Retention", exact=True).click()
    page.get_by_role("link", name="New team").click()
    page.get_by_label("Name").fill("Churn signals")
    main_button(page, "Create the team")
    expect(page.get_by_role("heading", level=1)).to_have_text("People of Churn signals")


def set_flag(page: Page) -> None:
    page.goto("/teams/churn-signals/profile/")
    page.get_by_role("checkbox").first.check()
    main_button(page, "Save profile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Churn signals")


def invite_lead(page: Page, other: Page) -> None:
    page.goto("/teams/churn-signals/members/")
    page.get_by_role("link", name="Invite somebody new").click()
    page.get_by_label("Name", exact=True).fill("Lena Hart")
    page.get_by_label("User name").fill("lena")
    page.get_by_label("Role").select_option(label="Team lead")
    main_button(page, "Invite and show the link")
    other.goto(page.get_by_label("Link").input_value())
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_label("The same password again").fill(PASSWORD)
    main_button(other, "Set the password and sign in")
    expect(other.get_by_role("heading", level=1)).to_have_text("Home")


def connect_mlflow(page: Page, mlflow: SmallMlflow) -> None:
    page.goto("/connections/new/mlflow/")
    page.get_by_label("Address").fill(mlflow.url)
    main_button(page, "Save and test")
    # Loopback is refused until somebody who may says so, and the box says what that opens.
    page.get_by_label(f"Allow this portal to read {mlflow.url}").check()
    main_button(page, "Save and test")
    expect(page.get_by_text("The test went through: MLflow answers.")).to_be_visible()
    page.get_by_role("link", name="Map a team").click()
    page.get_by_label("Team").select_option(label="Churn signals")
    page.get_by_role("checkbox", name=EXPERIMENT, exact=True).check()
    page.get_by_role("checkbox", name=MODEL, exact=True).check()
    main_button(page, "Save and read now")
    expect(page.get_by_role("table", name="The newest first")).to_be_visible(timeout=READ_WITHIN)


def answer_by_keyboard(page: Page) -> int:
    """Yes to every criterion that is open to answer, then on: with Tab, Space and Enter alone. How many it were."""
    groups = page.locator("fieldset.ask:visible").count()
    for number in range(groups):
        press_until(
            page,
            "Tab",
            f"document.activeElement === [...document.querySelectorAll('fieldset.ask')].filter((one) => one.checkVisibility())[{number}].querySelector('[type=radio]')",
        )
        page.keyboard.press("Space")
        expect(page.locator("fieldset.ask:visible").nth(number).locator("[data-save-state]")).to_contain_text(
            "Saved"
        )
    press_until(
        page,
        "Tab",
        "document.activeElement.textContent.startsWith('Save and continue') && !document.activeElement.matches('.hidden')",
    )
    here = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != here)
    return groups


def test_from_an_empty_portal_to_a_number_and_its_reason(day: FirstDay) -> None:
    page = day.lead
    page.goto("/teams/churn-signals/")
    page.get_by_role("link", name="Start assessment").click()
    main_button(page, "Start an assessment")
    page.get_by_role("link", name="Begin").click()
    for name in CAPABILITIES:
        expect(page).to_have_title(re.compile(f"^{name}, "))
        assert answer_by_keyboard(page) > 0
    page.goto("/teams/churn-signals/assessment/")
    page.get_by_role("link", name=CAPABILITIES[0]).click()
    page.locator("details.rung, .rung details").nth(0).locator("summary").first.click()
    page.get_by_role("link", name=re.compile("^Add evidence")).first.click()
    page.get_by_label("What it is").fill("Minutes of the weekly meeting")
    page.get_by_label("Address").fill("https://wiki.example.org/minutes")
    main_button(page, "Add evidence")
    expect(page.get_by_text("Minutes of the weekly meeting").first).to_be_visible()
    page.get_by_role("link", name="Check and send").click()
    main_button(page, "Send to review")
    main_button(page, "Publish, not reviewed")
    expect(page.get_by_role("heading", level=1)).to_have_text("Churn signals")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Heatmap").click()
    page.get_by_label("Columns").select_option(label="21 capabilities")
    page.get_by_role("button", name="Apply").click()
    # The grid is one tab stop; arrows lead to the cell, Enter opens its panel.
    press_until(page, "Tab", "document.activeElement.closest('table.heat') !== null")
    press_until(page, "ArrowDown", "document.activeElement.closest('tr')?.dataset.row === 'churn-signals'")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Chosen cell")
    expect(panel.get_by_role("heading")).to_have_text(CAPABILITIES[0])
    expect(panel).to_contain_text("Level 1, verified 0, up to 4.")
    panel.get_by_role("link", name=CAPABILITIES[0]).click()
    expect(page.get_by_role("main")).to_contain_text("Minutes of the weekly meeting")


def cells(page: Page) -> list[str]:
    """What the heatmap says of the team, column by column."""
    page.goto("/heatmap/?columns=capabilities")
    return page.locator("tr[data-row=churn-signals] td").all_inner_texts()


def test_mlflow_stopped_is_seen_and_no_level_falls(day: FirstDay) -> None:
    page = day.admin
    before = cells(page)
    day.mlflow.stop()
    page.goto("/connections/")
    page.get_by_role("link", name="MLflow", exact=True).click()
    # By the mapping: the button "Collect now" answers five minutes after a success at the earliest.
    page.get_by_role("link", name="Edit Churn signals").click()
    page.get_by_label("Gate metrics").fill("auc")
    main_button(page, "Save and read now")
    expect(page.get_by_text("It cannot be read")).to_be_visible(timeout=READ_WITHIN)
    expect(page.get_by_role("alert").first).to_contain_text("127.0.0.1")

    assert set(before) - {"No data", "?"} != set()
    assert cells(page) == before
    day.mlflow.start()
