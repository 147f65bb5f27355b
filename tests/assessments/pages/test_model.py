"""The maturity model to read: five levels as in the seed document, with the criteria behind each line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.assessments.pages.reading import head, main, section
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(maturity_model, now, get):
    return get(make_user("nora"), "/model/")


def test_head(page):
    assert head(page) == (
        "MLOps maturity model Five levels, 5 dimensions, 21 capabilities and 130 criteria; "
        "signals can decide 47 of them. Version 2"
    )


def test_a_level_with_highlights_technology_and_criteria(page):
    assert section(page, "l-1").startswith(
        "Level 1 DevOps, no MLOps 28 criteria The application around the model is built and tested automatically; "
        "the model itself is still made and handed over by hand. "
        "Highlights Releases are less painful than No MLOps, but rely on Data Team for every new model. "
        "Ended by 4 criteria Level "
    )
    assert "Technology Automated builds. Asked for by 1 criterion Level 1: " in section(page, "l-1")


def test_the_lines_right_under_a_name(page):
    assert section(page, "l-0").startswith(
        "Level 0 No MLOps no criteria: it is where one begins Work is done by hand; knowledge of what runs and how "
        "well it does sits with single people. In short No automation Ended by 4 criteria "
    )


def test_every_line_of_the_seed_document_is_there(page):
    document = Path(__file__).parent.parent / "seed_document.txt"
    lines = [line.strip() for line in document.read_text().splitlines() if line.startswith("      - ")]
    shown = re.sub(r"[*]", "", main(page))

    assert len(lines) == 29
    assert [line for line in lines if re.sub(r"[*]", "", line.removeprefix("- ")) not in shown] == []


def test_a_dimension_says_what_it_is_and_not_how_the_file_came_to_it(page):
    assert (
        "Operations & feedback Seeing, judging, keeping up and improving the model in use. Seeing the live system"
        in section(page, "dimensions")
    )


def test_one_phase(maturity_model, get):
    page = get(make_user("nora"), "/model/?phase=design")

    assert section(page, "phase") == (
        "Criteria of one phase, or of all All (130) Design (13) Train (47) Operate (70) "
        "Deciding what to build and how it will be judged, before training. "
        "Lines whose criteria lie in other phases say so."
    )
    assert 'aria-current="true">Design (13)' in page.content.decode()
    assert "No automation 4 criteria of other phases" in section(page, "l-0")


def test_an_unknown_phase_filters_nothing(maturity_model, get):
    page = get(make_user("nora"), "/model/?phase=nothing")

    assert 'aria-current="true">All (130)' in page.content.decode()


def test_attribution_and_what_was_reworded(page):
    words = section(page, "sources")

    assert "which Microsoft publishes under CC BY 4.0. Microsoft has not endorsed this portal." in words
    assert (
        "108 of 130 criteria restate it, each reworded as a question that can be answered with yes or no. "
        "22 are added from the other sources below or are our own." in words
    )
    assert "Breck et al., The ML Test Score (IEEE Big Data 2017)" in words
    assert 'href="https://creativecommons.org/licenses/by/4.0/"' in page.content.decode()


class TestCapability:
    def test_levels_with_all_that_each_asks(self, maturity_model, get):
        page = get(make_user("nora"), "/model/environment/")

        assert head(page) == (
            "Maturity model Model creation Training environment "
            "Is the place where models are trained managed, the same every time, and described in code?"
        )
        assert (
            "Does every tracked run record the code version it ran with? A commit id, with no unsaved changes. "
            "Train phase · basis: source document Rule, evidence and sources "
            "Speaks only if there were at least 10 runs in the tracker in the last 90 days. "
            "Says yes if at least 80 % of runs name their commit (last 90 days). "
            "Says no if under 50 % of runs name their commit (last 90 days). The rule decides, with high trust."
        ) in main(page)

    def test_an_overlay_says_that_it_enters_nothing(self, maturity_model, get):
        assert (
            "An overlay It is assessed beside the rest and counts for no dimension and for no level of a team."
            in main(get(make_user("nora"), "/model/genai/"))
        )

    def test_unknown_is_404(self, maturity_model, get):
        assert get(make_user("nora"), "/model/nothing/").status_code == 404


def test_it_is_for_people_who_are_signed_in(maturity_model, get):
    assert get(None, "/model/").headers["Location"] == "/account/login/?next=/model/"
