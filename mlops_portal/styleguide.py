"""/styleguide/: every shared component with realistic texts, light and dark side by side, also empty and failing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from mlops_portal.lib import parts
from mlops_portal.lib.csp import allow_charts

READ_AT = datetime(2026, 11, 15, 6, 10, tzinfo=UTC)
SAVED_AT = datetime(2026, 11, 12, 14, 2, tzinfo=UTC)

# (team, cells as (classes, text, what is verified where it differs), day of the result)
HEAT_ROWS = (
    (
        "Returns forecasting",
        (("l2", 2), ("l2", 2, 1), ("l2", 2, 1), ("l3", 3, 2), ("l1 d", 1, 0)),
        date(2026, 11, 12),
    ),
    (
        "Voice transcription",
        (("l1", 1), ("la", "n/a"), ("l2", 2), ("l2", 2), ("l1 part", 1)),
        date(2026, 9, 30),
    ),
    ("Stock levels", (("l1 s", 1), ("l2 s", 2), ("l3 s", 3), ("l4 s", 4), ("l0 s", 0)), date(2026, 1, 12)),
    ("Fraud signals", (("l3", 3), ("l4", 4), ("l4", 4), ("lu", "?"), ("l3 d", 3)), date(2026, 11, 13)),
    ("Supplier risk", (("lx", "No data"),) * 5, None),
)
HEAT_COLUMNS = (
    ("people", "People & culture", "People"),
    ("creation", "Model creation", "Creation"),
    ("release", "Model release", "Release"),
    ("app", "Application integration", "App"),
    ("operations", "Operations & feedback", "Ops"),
)


class ExampleTeam(forms.Form):
    name = forms.CharField(help_text="As people in the company call it.")
    unit = forms.ChoiceField(
        choices=[("", "Choose a unit"), ("ops", "Customer operations"), ("risk", "Payments and risk")]
    )
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    flags = forms.MultipleChoiceField(
        label="What is true of this team",
        choices=[
            ("batch_only", "Only batch predictions"),
            ("pretrained_only", "Only models trained by others"),
        ],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Some criteria do not apply then.",
    )
    is_pilot = forms.BooleanField(label="Takes part in the pilot", required=False)


class ExampleFilter(forms.Form):
    unit = forms.ChoiceField(choices=[("", "All units"), ("ops", "Customer operations")], required=False)
    state = forms.ChoiceField(choices=[("", "Any"), ("stale", "Out of date")], required=False)


def _evidence() -> tuple[parts.Evidence, ...]:
    return (
        parts.Evidence("Comparison, versions 46 and 47", "#", until=date(2027, 5, 9)),
        parts.Evidence("Release checklist", "#", form="file", until=date(2027, 9, 2)),
        parts.Evidence("How we choose a threshold", form="note", state="expired"),
    )


def _facts() -> tuple[parts.Fact, ...]:
    return (
        parts.Fact(
            "deployments to production",
            "31",
            window="90 days",
            at=READ_AT,
            source="CI, release workflow",
            url="#",
        ),
        parts.Fact(
            "of deployed commits had passing tests",
            "77 %",
            sample="24 of 31",
            window="90 days",
            at=READ_AT,
            source="CI",
            url="#",
        ),
        parts.Fact(
            "versions with all gate metrics",
            unknown="no gate metric is named",
            source="Name the gate metrics",
            url="#",
        ),
    )


def _verdicts() -> tuple[parts.Verdict, ...]:
    return (
        parts.Verdict(
            "yes",
            "Does a merged change usually reach production within a week?",
            ("Level 2 · measured: 41 hours, median of 31",),
        ),
        parts.Verdict(
            "yes",
            "Does one approved action start a release that then finishes by itself?",
            ("Level 2 · claimed, no evidence yet",),
            is_claim=True,
        ),
        parts.Verdict(
            "disputed",
            "Does the pipeline refuse to deploy a version whose tests failed or did not run?",
            ("Level 3 · you say yes; 7 of 31 deployed commits had no passing tests",),
            url="#",
            link="See the seven commits",
        ),
        parts.Verdict(
            "no",
            "Does an approved version reach production with no manual step but the approval?",
            ("Level 3 · measured: 17 of 31 releases had a step done by hand",),
        ),
        parts.Verdict(
            "unknown",
            "Is each stored prediction marked with the version that made it?",
            ("Level 3 · answered “we do not know” on 12 Nov 2026",),
        ),
        parts.Verdict(
            "na", "Are predictions served within the agreed time?", ("Level 3 · only batch predictions",)
        ),
        parts.Verdict("open", "Can a bad version be taken back by one action?", ("Level 3",)),
    )


def _asks(side: str) -> dict[str, parts.Ask]:
    question = (
        "Are a release candidate's tracked metrics compared with those of the live model before release?"
    )
    conflict = parts.Conflict(
        by="Priya Nair",
        at=SAVED_AT,
        theirs="No",
        yours="Yes",
        theirs_value="no",
        yours_value="yes",
        save_url="#",
        name=f"answer-conflict-{side}",
        version_name=f"version-conflict-{side}",
        version=4,
        discuss_url="#",
    )
    return {
        "saved": parts.Ask(
            f"saved-{side}",
            question,
            "yes",
            "A comparison kept with the candidate counts. A chat message does not.",
            na_allowed=True,
            version=3,
            saved_at=SAVED_AT,
            evidence=_evidence(),
            evidence_url="#",
            facts=_facts()[:1],
            disputed="You say yes; the last 8 deployments were started by hand.",
        ),
        "na": parts.Ask(
            f"na-{side}",
            "Are predictions served within the agreed time?",
            "na",
            reason="",
            na_allowed=True,
            error="Say why it does not apply.",
        ),
        "conflict": parts.Ask(
            f"conflict-{side}",
            "Is one person named for the model in production?",
            "yes",
            version=4,
            conflict=conflict,
        ),
        "locked": parts.Ask(
            f"locked-{side}",
            "Can one look up training and live results in one place?",
            "unknown",
            is_locked=True,
        ),
    }


def _rungs(side: str) -> tuple[parts.Rung, ...]:
    ask = parts.Ask(f"rung-{side}", "Is the comparison kept with the candidate?", evidence_url="#")
    return (
        parts.Rung(0, "Results live in notebooks, slides and memory.", "met"),
        parts.Rung(
            1,
            "The runs behind the live model are written down where others can read them.",
            "met",
            "1 of 1 yes",
            ("Last time",),
            verdicts=_verdicts()[:1],
        ),
        parts.Rung(
            2,
            "All runs go to one shared tracker, with parameters, metrics and code version.",
            "at",
            "2 of 2 yes",
            ("Measured",),
            verdicts=_verdicts()[1:2],
        ),
        parts.Rung(
            3,
            "Candidates are compared with the live model in the tracker before release.",
            "next",
            "next",
            ("Target Q4",),
            asks=(ask,),
            fill_name=f"upto-{side}",
        ),
        parts.Rung(4, "Training results and live results of a version are seen side by side."),
    )


def _chart() -> dict[str, Any]:
    days = ["2025-05-08", "2025-09-03", "2026-01-14", "2026-05-14", "2026-11-12"]
    series = (
        ("up to", [2, 2, 2, 3, 3], "--border-strong", "dot"),
        ("verified", [0, 0, 1, 1, 1], "--text-soft", "dash"),
        ("level", [0, 1, 1, 1, 2], "--accent", "solid"),
    )
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": days,
                "y": values,
                "line": {"shape": "hv", "color": colour, "dash": dash},
            }
            for name, values, colour, dash in series
        ],
        "layout": {"yaxis": {"range": [-0.2, 4.2], "dtick": 1}, "legend": {"orientation": "h", "y": 1.15}},
    }


def _numbers() -> tuple[tuple[parts.Column, ...], tuple[parts.Row, ...]]:
    columns = (
        parts.Column("Published", sort_url="?sort=day", sort="descending"),
        parts.Column("Verified", is_number=True, sort_url="?sort=verified"),
        parts.Column("Level", is_number=True),
        parts.Column("Reviewed"),
    )
    rows = (
        parts.Row("12 Nov 2026", (1, 2, date(2026, 11, 13)), "#"),
        parts.Row("14 May 2026", (1, 1, date(2026, 5, 20)), "#"),
        parts.Row("14 Jan 2026", (None, 1, None)),
    )
    return columns, rows


def _side(side: str) -> dict[str, Any]:
    columns, rows = _numbers()
    wrong = ExampleTeam({"name": "", "unit": "", "is_pilot": "on"}, auto_id=f"wrong-{side}-%s")
    wrong.is_valid()
    return {
        "key": side,
        "lead": format_html(
            "Level 2 in three of five dimensions. <strong>{}</strong> is lowest, at 1.",
            "Operations & feedback",
        ),
        "crumbs": (parts.Link("Teams", "#"), parts.Link("Customer operations", "#")),
        "action": parts.Link("Continue assessment", "#"),
        "meta": (
            parts.Meta("Last result", date(2026, 11, 12)),
            parts.Meta("Answered", "120 of 130"),
            parts.Meta("Facts read", READ_AT),
        ),
        "ranges": ((0, 1, 3), (1, 2, 3), (2, 2, 2), (2, 3, 3), (4, 4, 4), (None, None, None)),
        "facts": _facts(),
        "verdicts": _verdicts(),
        "evidence": _evidence(),
        "asks": _asks(side),
        "rungs": _rungs(side),
        "comments": (
            parts.Comment(
                "Priya Nair",
                SAVED_AT,
                "The comparison of version 47 is missing.\nDid it run?",
                resolve_url="#",
            ),
            parts.Comment("Ines Ferreira", READ_AT, "It did; the link is attached now.", is_resolved=True),
        ),
        "tasks": (
            parts.Task("People & culture", "#", "done", 24, 24),
            parts.Task("Model creation", "#", "doing", 31, 37, "3 we do not know"),
            parts.Task("Model release", "#", "todo", 0, 24),
            parts.Task("Check and send", state="blocked", note="after all dimensions"),
        ),
        "columns": columns,
        "no_rows": (),
        "no_comments": (),
        "rows": rows,
        "filter": ExampleFilter({"unit": "ops"}, auto_id=f"filter-{side}-%s"),
        "chips": (parts.Link("Out of date: shown", "#"),),
        "steps": (parts.Step("Q3", "#"), parts.Step("Q4 2026", is_current=True), parts.Step("Q1")),
        "form": ExampleTeam(auto_id=f"new-{side}-%s"),
        "wrong": wrong,
        "page": Paginator(range(1, 241), 50).page(2),
        "empty_action": parts.Link("Start assessment", "#"),
        "back": parts.Link("Back to teams", "#"),
        "heat_columns": HEAT_COLUMNS,
        "heat_rows": HEAT_ROWS,
        "figure": _chart(),
        "chart_key": f"chart-{side}",
        "dialog_key": f"dialog-{side}",
        "comments_key": f"comments-{side}",
        "no_comments_key": f"none-{side}",
        "pages_label": f"Pages, {side}",
        "crumbs_label": f"Breadcrumb, {side}",
    }


@login_not_required
@require_safe
@allow_charts
def styleguide(request: HttpRequest) -> HttpResponse:
    """The page; 404 unless PORTAL_STYLEGUIDE is on (it is, by default, in debug)."""
    if not settings.PORTAL_STYLEGUIDE:
        raise Http404
    return render(request, "styleguide.html", {"sides": [_side("light"), _side("dark")]})
