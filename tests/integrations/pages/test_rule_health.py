"""Health of rules: counted over the teams that somebody sees, never under three, and put into the group that it belongs to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assessments.catalog.shipped import shipped_model
from assessments.models import Criterion, Verdict, VerdictChange
from integrations.queries.rule_health import rule_page, state_of
from tests.factories import AT, make_lead, make_manager, make_platform_engineer, make_team, make_unit
from tests.integrations.factories import make_connection, make_source
from tests.integrations.pages.conftest import text_of

RULES = "/connections/rules/"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake_kinds", "maturity_model")]


def criterion(slug):
    return Criterion.objects.get(slug=slug, capability__maturity_model__is_active=True)


def verdicts(teams, slug, said):
    """A verdict for each team: y, n or u."""
    words = {"y": "yes", "n": "no", "u": "unknown"}
    for team, letter in zip(teams, said, strict=False):
        Verdict.objects.create(
            team=team,
            criterion=criterion(slug),
            verdict=words[letter],
            is_deciding=True,
            read_on=AT.date(),
            changed_at=AT,
        )


def changes(team, slug, *moments, before="yes", after="no"):
    for at in moments:
        VerdictChange.objects.create(
            team=team, criterion=criterion(slug), before=before, after=after, at=at, how="schedule"
        )


def teams_of(unit, count=4):
    return [make_team(f"T{unit.pk} {number}", unit=unit) for number in range(count)]


@pytest.mark.parametrize(
    ("counts", "flips", "state"),
    [
        ({}, 0, "never_ran"),
        ({"yes": 2}, 9, "hidden"),
        ({"unknown": 3}, 0, "undecided"),
        ({"yes": 3}, 0, "always_passes"),
        ({"yes": 1, "unknown": 2}, 1, "always_passes"),
        ({"no": 3}, 0, "never_passes"),
        ({"yes": 2, "no": 1}, 1, "tells_apart"),
        ({"yes": 2, "no": 2}, 2, "tells_apart"),
        ({"yes": 2, "no": 2}, 3, "flips"),
        ({"yes": 4}, 3, "flips"),
    ],
)
def test_group_of_a_rule(counts, flips, state):
    assert state_of(counts, flips) == state


@pytest.mark.parametrize(
    ("slug", "counts", "state"),
    [
        ("deployment.recorded", {"yes": 3, "unknown": 1}, "tells_apart"),  # confirms only
        ("deployment.recorded", {"yes": 3}, "always_passes"),
        ("tests.all_code", {"no": 3, "unknown": 1}, "tells_apart"),  # refutes only
        ("tests.all_code", {"no": 3}, "never_passes"),
        ("build.main_green", {"yes": 3, "unknown": 1}, "always_passes"),  # could have said no
    ],
)
def test_silence_tells_teams_apart_where_a_rule_says_one_thing_only(slug, counts, state):
    auto = next(one.auto for one in shipped_model().criteria() if one.id == slug)

    assert auto is not None
    assert state_of(counts, 0, auto.rule) == state


def found(actor):
    page = rule_page(actor, AT)
    return {
        row.id: (row.state, row.yes, row.no, row.unknown, row.flips)
        for group in page.groups
        for row in group.rows
    }


def test_each_deciding_rule_stands_once_with_its_figures():
    teams = teams_of(make_unit())
    verdicts(teams, "build.main_green", "yyyu")
    verdicts(teams, "build.automated", "nnn")
    verdicts(teams, "tests.application", "yynu")
    verdicts(teams, "deployment.automatic", "uuu")
    verdicts(teams, "tracking.comparable", "yn")
    verdicts(teams, "training.automated", "ynyn")
    verdicts(teams, "build.version_control", "yyy")  # a hint: it decides nothing
    changes(teams[0], "training.automated", AT - timedelta(days=29), AT - timedelta(days=1), AT)
    changes(teams[0], "tests.application", AT - timedelta(days=30), AT + timedelta(seconds=1))
    changes(teams[1], "tests.application", AT, before="", after="yes")  # a first verdict changes nothing

    rules = found(make_platform_engineer())

    assert rules["build.main_green"] == ("always_passes", 3, 0, 1, 0)
    assert rules["build.automated"] == ("never_passes", 0, 3, 0, 0)
    assert rules["tests.application"] == ("tells_apart", 2, 1, 1, 0)
    assert rules["deployment.automatic"] == ("undecided", 0, 0, 3, 0)
    assert rules["tracking.comparable"] == ("hidden", None, None, None, None)
    assert rules["training.automated"] == ("flips", 2, 2, 0, 3)
    assert rules["registry.in_use"] == ("never_ran", None, None, None, None)
    assert "build.version_control" not in rules
    assert len(rules) == 50


def test_only_teams_that_the_reader_sees_are_counted():
    mine, theirs = make_unit(), make_unit()
    verdicts(teams_of(mine, 3), "build.main_green", "yny")
    verdicts(teams_of(theirs, 3), "build.main_green", "nnn")

    assert found(make_manager(mine))["build.main_green"] == ("tells_apart", 2, 1, 0, 0)
    assert found(make_platform_engineer())["build.main_green"] == ("tells_apart", 2, 4, 0, 0)


def test_under_three_teams_nothing_is_said(client):
    unit = make_unit()
    (team, _) = teams_of(unit, 2)
    verdicts([team], "build.main_green", "n")
    client.force_login(make_lead(team))

    page = text_of(client.get(RULES))

    assert (
        "Too few teams You see 1 team. What a rule says of one team stands on that team's pages. See the teams"
        in page
    )
    assert ("build.main_green" in page, "Never" in page) == (False, False)
    assert rule_page(make_manager(unit), AT).groups == ()


def test_why_a_rule_never_ran_is_said(client):
    teams = teams_of(make_unit(), 3)
    git, registry = make_connection(name="Git"), make_connection(name="Registry", kind="fakeregistry")
    make_source(git, teams[0])
    make_source(registry, teams[1])
    words = {
        row.id: row.words for group in rule_page(make_platform_engineer(), AT).groups for row in group.rows
    }

    assert words["deployment.recorded"] == "No team has a system mapped that tells deploy.count_90d."
    assert words["environment.managed_compute"] == (
        "Systems that tell ci.training_runs_90d are mapped, and nothing was read from them yet."
    )
    assert words["training.one_command"] == (
        "Systems that tell mlflow.production_versions, mlflow.production_from_notebook_share are mapped, and nothing was "
        "read from them yet."
    )


def test_rule_that_can_only_confirm_is_told_so(client):
    teams = teams_of(make_unit(), 3)
    verdicts(teams, "deployment.recorded", "yyy")
    verdicts(teams, "tests.all_code", "nnn")
    client.force_login(make_platform_engineer())

    page = text_of(client.get(RULES))

    assert "Always pass: 1" in page
    assert "deployment.recorded, level 1. It can only confirm: a yes or nothing. 3 0 0 0" in page
    assert "tests.all_code, level 3. It can only refute: a no or nothing. 0 3 0 0" in page
    assert "50 of 50 rules deserve a look, over 3 teams." in page
    assert 'href="/model/deployment/#deployment.recorded"' in client.get(RULES).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow(rows, client, django_assert_num_queries):
    teams = teams_of(make_unit(), 2 + rows)
    for slug in ("build.main_green", "build.automated", "tests.application")[:rows]:
        verdicts(teams, slug, "yyyyy")
    for number in range(rows):
        make_source(make_connection(name=f"Git {number}"), teams[number])
    client.force_login(make_platform_engineer())

    # Session, person, rights for the page; the maturity model, teams counted, verdicts, changes, sources, with rights for
    # teams and for sources.
    with django_assert_num_queries(10):
        client.get(RULES)
