"""What the tags and filters of the shared templates give."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.http import QueryDict
from django.middleware.csrf import get_token
from django.template import RequestContext, Template
from django.template.context import Context
from lucide import IconDoesNotExist

from assessments.catalog.parse import parse_maturity_model
from mlops_portal.lib import parts
from mlops_portal.templatetags import portal, portal_words

NOON = datetime(2026, 9, 30, 12, 5, tzinfo=UTC)


class Words(HTMLParser):
    """The text of a fragment, as one line; without what is hidden from screen readers if asked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def __str__(self) -> str:
        return " ".join("".join(self.said).split())


def draw(source: str, **values: object) -> str:
    return Template("{% load portal %}" + source).render(Context(values))


def words(source: str, **values: object) -> str:
    return str(Words(draw(source, **values)))


# --- Filters ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2026, 9, 3), "3 Sep 2026"),
        (NOON, "30 Sep 2026"),
        (NOON.replace(tzinfo=None), "30 Sep 2026"),
        (None, ""),
    ],
)
def test_date_words(value, expected):
    assert portal_words.date_words(value) == expected


def test_moment_words_and_clock_have_two_digits():
    assert portal_words.moment_words(NOON) == "30 Sep 2026, 12:05"
    assert portal_words.clock(NOON) == "12:05"
    assert portal_words.moment_words(None) == ""
    assert portal_words.clock(None) == ""


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.45, "45 %"), (0, "0 %"), (1, "100 %"), (0.004, "under 1 %"), (0.997, "over 99 %"), (None, "unknown")],
)
def test_percent_never_rounds_to_all_or_nothing(share, expected):
    assert portal_words.percent(share) == expected


@pytest.mark.parametrize(("change", "expected"), [(1, "+1"), (0, "0"), (-2, "-2"), (None, "")])
def test_signed(change, expected):
    assert portal_words.signed(change) == expected


def test_level_names_are_those_of_the_shipped_maturity_model():
    file = Path(settings.BASE_DIR) / "assessments/catalog/data/mlops-maturity_2.yaml"
    shipped = parse_maturity_model(file.read_bytes(), file.name)
    assert tuple(level.name for level in shipped.levels) == portal_words.LEVEL_NAMES


def test_cell_is_never_empty():
    assert [portal_words.cell(value) for value in (None, "", 0, "a")] == ["No data", "No data", 0, "a"]


def test_when_is_a_time_element():
    assert portal_words.when(date(2026, 9, 30)) == '<time datetime="2026-09-30">30 Sep 2026</time>'


def test_query_without_keeps_the_rest():
    assert portal_words.query_without(QueryDict("unit=a&unit=b&page=3"), "page") == "unit=a&unit=b&"
    assert portal_words.query_without(QueryDict("page=3"), "page") == ""
    assert portal_words.query_without(None, "page") == ""


# --- Icons, levels ----------------------------------------------------------------------------------------------------
def test_icon_is_silent_without_a_label():
    drawn = portal.icon("check")
    assert drawn.startswith('<svg class="icon" viewBox="0 0 24 24"')
    assert 'aria-hidden="true"' in drawn
    assert str(Words(drawn)) == ""


def test_icon_says_its_label_and_escapes_it():
    assert portal.icon("check", "<b>").endswith('<span class="hidden">&lt;b&gt;</span>')


def test_unknown_icon_fails_loudly():
    with pytest.raises(IconDoesNotExist):
        portal.icon("no-such-drawing")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% level 2 %}", "Level 2"),
        ("{% level 2 word=True %}", "Level 2Automated training"),
        ("{% level 2 word=True name='Own' %}", "Level 2Own"),
        ("{% level None %}", "No datanot assessed yet"),
        ("{% level None state='na' %}", "n/adoes not apply"),
        ("{% level None state='unknown' %}", "?unknown"),
    ],
)
def test_level_reads_in_words(source, expected):
    assert words(source) == expected


def test_level_zero_is_a_level():
    assert 'class="lv__n l0"' in draw("{% level 0 %}")


@pytest.mark.parametrize(
    ("numbers", "classes", "reads"),
    [
        ((0, 1, 3), ["v", "l here", "p", "p", ""], "level 1, verified 0, up to 3"),
        ((2, 2, 2), ["v", "v", "v here", "", ""], "level 2, verified 2, up to 2"),
        ((0, 0, 0), ["v here", "", "", "", ""], "level 0, verified 0, up to 0"),
        ((0, 4, 4), ["v", "l", "l", "l", "l here"], "level 4, verified 0, up to 4"),
        ((None, None, None), ["", "", "", "", ""], "no level"),
    ],
)
def test_range_track(numbers, classes, reads):
    drawn = portal.range_track(*numbers)
    assert [css for _, css in drawn["steps"]] == classes
    assert drawn["reads"] == reads


def test_three_numbers():
    assert words("{% three_numbers 1 2 3 %}") == "2 (verified 1, up to 3)"
    assert words("{% three_numbers 0 0 0 %}") == "0 (verified 0, up to 0)"
    assert words("{% three_numbers None None None %}") == "no level"


# --- Facts, verdicts, answers -----------------------------------------------------------------------------------------
def test_fact_in_one_line():
    item = parts.Fact(
        "of commits passed", "77 %", sample="24 of 31", window="90 days", at=NOON, source="CI", url="/x"
    )
    assert (
        words("{% fact item %}", item=item)
        == "77 %of commits passed 24 of 31, 90 days · 30 Sep 2026, 12:05 · CI"
    )


def test_unknown_fact_says_why_and_shows_no_number():
    item = parts.Fact("gate metrics", unknown="no gate metric is named")
    assert words("{% fact item %}", item=item) == "unknowngate metrics: no gate metric is named"


@pytest.mark.parametrize("outcome", list(portal.OUTCOMES))
def test_every_outcome_has_its_word(outcome):
    item = parts.Verdict(outcome, "Is it so?", ("Because.",))
    assert words("{% verdict_line item %}", item=item) == f"{portal.OUTCOMES[outcome][1]} Is it so? Because."


@pytest.mark.parametrize(
    ("ask", "values"),
    [
        (parts.Ask("a", "So?"), ["yes", "no", "unknown"]),
        (parts.Ask("a", "So?", na_allowed=True), ["yes", "no", "unknown", "na"]),
        (parts.Ask("a", "So?", "na"), ["yes", "no", "unknown", "na"]),
    ],
)
def test_answers_offered(ask, values):
    assert [value for value, _ in ask.options] == values


def test_answer_group_preselects_only_what_was_answered():
    assert "checked" not in draw("{% answer_group ask %}", ask=parts.Ask("a", "So?"))
    chosen = draw("{% answer_group ask %}", ask=parts.Ask("a", "So?", "no"))
    assert chosen.count("checked") == 1
    assert 'value="no" checked' in chosen


def test_answer_group_saves_alone_only_while_open():
    address = 'hx-post="/save"'
    assert address in draw("{% answer_group ask %}", ask=parts.Ask("a", "So?", save_url="/save"))
    locked = draw("{% answer_group ask %}", ask=parts.Ask("a", "So?", save_url="/save", is_locked=True))
    assert address not in locked
    assert '<fieldset class="ask" disabled' in locked


def test_conflict_offers_both_answers_with_the_current_version():
    conflict = parts.Conflict(
        "Priya", NOON, "No", 'Yes "so"', "no", "yes", "/save", "answer-a", "version-a", 4
    )
    assert conflict.theirs_vals == '{"answer-a": "no", "version-a": 4}'
    drawn = draw("{% answer_group ask %}", ask=parts.Ask("a", "So?", "yes", version=4, conflict=conflict))
    assert 'hx-vals="{&quot;answer-a&quot;: &quot;yes&quot;, &quot;version-a&quot;: 4}"' in drawn
    assert "Priya changed this answer at 12:05" in str(Words(drawn))
    assert "Yes &quot;so&quot;" in drawn


def test_ladder_opens_the_next_rung_and_marks_the_reached_one():
    ask = parts.Ask("a", "So?")
    rungs = (
        parts.Rung(0, "None.", "met"),
        parts.Rung(1, "Some.", "at", asks=(ask,)),
        parts.Rung(2, "More.", "next", asks=(parts.Ask("b", "And?"),)),
    )
    drawn = draw("{% ladder rungs %}", rungs=rungs)
    assert drawn.count("<details open>") == 1
    assert drawn.index("More.") > drawn.index("<details open>") > drawn.index("Some.")
    assert str(Words(drawn)).count("You are here") == 1


def test_user_text_is_escaped():
    evil = "<img src=x>"
    comment = parts.Comment(evil, NOON, evil + "\nnext")
    drawn = draw("{% comment_thread items key='k' %}", items=(comment,))
    assert "<img" not in drawn
    assert drawn.count("&lt;img src=x&gt;") == 2


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_page_head_has_one_heading_and_what_is_given():
    assert draw("{% page_head 'Teams' %}").count("<h1>Teams</h1>") == 1
    whole = words(
        "{% page_head 'Teams' 'All.' crumbs=crumbs action=action meta=meta %}",
        crumbs=(parts.Link("Home", "/"),),
        action=parts.Link("Add", "/add"),
        meta=(parts.Meta("Seen", date(2026, 9, 30)),),
    )
    assert whole == "Home Teams Add All. Seen30 Sep 2026"


def test_table_puts_numbers_right_and_names_missing_ones():
    columns = (parts.Column("Team"), parts.Column("Level", is_number=True))
    drawn = draw(
        "{% table 'Levels' columns rows %}",
        columns=columns,
        rows=(parts.Row("A", (2,)), parts.Row("B", (None,))),
    )
    assert drawn.count('<td class="n" data-l="Level">') == 2
    assert str(Words(drawn)) == "Levels TeamLevel A2BNo data"
    assert (
        words("{% table 'Levels' columns rows empty='No teams.' %}", columns=columns, rows=()) == "No teams."
    )


def test_table_refuses_a_row_of_another_width():
    with pytest.raises(ValueError, match="zip"):
        portal.table("Levels", (parts.Column("Team"), parts.Column("Level")), (parts.Row("A", ()),))


def test_pagination_keeps_the_filters_and_vanishes_on_one_page():
    page = Paginator(range(30), 10).page(2)
    drawn = draw("{% pagination page query %}", page=page, query=QueryDict("unit=a&page=2"))
    assert 'href="?unit=a&amp;page=1"' in drawn
    assert "11 to 20 of 30" in str(Words(drawn))
    assert words("{% pagination page %}", page=Paginator(range(5), 10).page(1)) == ""


@pytest.mark.parametrize(
    ("level", "kind"), [(constants.ERROR, "alert"), (constants.WARNING, "warn"), (constants.SUCCESS, "info")]
)
def test_messages_become_notices(level, kind):
    assert portal.message_notice(Message(level, "Saved."))["kind"] == kind


# --- Forms ------------------------------------------------------------------------------------------------------------
class TeamForm(forms.Form):
    name = forms.CharField(help_text="As people call it.")
    note = forms.CharField(required=False)
    flags = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple)
    is_pilot = forms.BooleanField(required=False, label="Pilot")

    def clean(self) -> None:
        self.add_error(None, "The unit is full.")


def test_form_field_ties_help_and_error_to_the_widget():
    drawn = draw("{% form_field form.name %}", form=TeamForm({}))
    assert 'aria-describedby="id_name_helptext id_name_error"' in drawn
    assert 'id="id_name_helptext"' in drawn
    assert 'id="id_name_error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert drawn.count("aria-describedby") == 1


def test_form_field_of_several_boxes_is_a_group_with_a_legend():
    drawn = draw("{% form_field form.flags %}", form=TeamForm({}))
    assert '<fieldset class="field field--error" id="id_flags" aria-describedby="id_flags_error">' in drawn
    assert "<legend>Flags</legend>" in drawn
    assert drawn.count('type="checkbox"') == 2


def test_only_optional_fields_say_so():
    form = TeamForm()
    assert words("{% form_field form.note %}", form=form) == "Note (optional)"
    assert words("{% form_field form.note mark_optional=False %}", form=form) == "Note"
    assert words("{% form_field form.name %}", form=form) == "Name As people call it."
    assert words("{% form_field form.is_pilot %}", form=form) == "Pilot"


def test_error_summary_leads_to_the_fields():
    drawn = draw("{% error_summary form %}", form=TeamForm({}))
    assert "Nothing was saved. 3 things to put right:" in str(Words(drawn))
    assert '<a href="#id_name">Name: This field is required.</a>' in drawn
    assert '<a href="#id_flags">Flags: This field is required.</a>' in drawn
    assert "<li>The unit is full.</li>" in drawn
    assert words("{% error_summary form %}", form=TeamForm()) == ""


def test_forms_carry_the_token_also_inside_an_include_with_only(rf):
    """`only` drops csrf_token from the context; a form drawn there was refused by Django."""
    request = rf.get("/")
    source = (
        "{% load portal %}{% form form 'Save' %}{% dialog 'k' 'Sure?' 'It goes.' action='/x' do='Delete' %}"
    )
    fragment = Template(source)
    page = Template("{% include fragment with form=form only %}")
    drawn = page.render(RequestContext(request, {"form": TeamForm(), "fragment": fragment}))
    sent = [chunk.split('"')[0] for chunk in drawn.split('name="csrfmiddlewaretoken" value="')[1:]]
    assert [len(token) for token in sent] == [len(get_token(request))] * 2
