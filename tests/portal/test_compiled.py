"""Queries that are written once: their values, and only those, change from call to call."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from assessments.models import TeamWeek
from mlops_portal.lib.compiled import Compiled, PlaceholderLost
from teams.models import Team
from tests.factories import AT, make_team, make_unit

pytestmark = pytest.mark.django_db


def test_values_take_the_place_of_placeholders(django_assert_num_queries):
    first, second = make_team("Alpha"), make_team("Beta")
    query = Compiled(
        lambda a, b, slug: (
            Team.objects.filter(pk__in=[a, b]).exclude(slug=slug).order_by("pk").values_list("slug", "pk")
        ),
        int,
        int,
        str,
    )

    with django_assert_num_queries(3):
        assert query.rows(first.pk, second.pk, "nobody") == [("alpha", first.pk), ("beta", second.pk)]
        assert query.rows(first.pk, second.pk, "alpha") == [("beta", second.pk)]
        assert query.rows(first.pk, first.pk, "x") == [("alpha", first.pk)]


def test_the_start_of_a_text_is_escaped_as_the_orm_does():
    make_team("A_b", slug="a_b")
    make_team("Axb", slug="axb")
    query = Compiled(lambda start: Team.objects.filter(slug__startswith=start).values_list("slug"), str)

    assert query.rows("a_") == [("a_b",)]
    assert sorted(query.rows("a")) == [("a_b",), ("axb",)]
    assert query.rows("%") == []


def test_rows_are_converted_as_the_orm_does():
    team = make_team(flags=["batch_only"])
    query = Compiled(lambda slug: Team.objects.filter(slug=slug).values_list("flags", "created_at"), str)

    assert query.rows(team.slug) == [(["batch_only"], AT)]


def test_days_are_compared_as_days(maturity_model):
    team = make_team(unit=make_unit())
    day = date(2026, 11, 22)
    TeamWeek.objects.create(
        team=team, maturity_model=maturity_model, week_on=day, cells="{}", dimensions="{}"
    )
    query = Compiled(lambda since: TeamWeek.objects.filter(week_on__gt=since).values_list("week_on"), date)

    assert query.rows(day - timedelta(days=1)) == [(day,)]
    assert query.rows(day) == []


def test_a_quote_in_a_value_stays_a_value():
    make_team("O'Neill", slug="oneill")
    query = Compiled(lambda name: Team.objects.filter(name=name).values_list("slug"), str)

    assert query.rows("O'Neill") == [("oneill",)]
    assert query.rows("' OR 1=1 --") == []


def test_a_value_that_the_statement_does_not_hold_is_an_error_at_once():
    query = Compiled(lambda slug: Team.objects.filter(slug__isnull=False).values_list("slug"), str)

    with pytest.raises(PlaceholderLost, match=r"Values \[0\] do not appear in"):
        query.rows("anything")
