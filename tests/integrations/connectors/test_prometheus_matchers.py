"""Label matchers: what people type is read strictly and written anew; what an expression is about is read from its text."""

from __future__ import annotations

import time

import pytest

from integrations.connectors.prometheus.expressions import is_about, series_of, without_values
from integrations.connectors.prometheus.matchers import BadSelector, Matcher, one_of, read_selector


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ('job="churn-api"', 'job="churn-api"'),
        ('{job="churn-api"}', 'job="churn-api"'),
        ("job='churn'", 'job="churn"'),
        (' job = "a" , env =~ "prod|live", ', 'job="a",env=~"prod|live"'),
        ('job="a",env!="test"', 'job="a",env!="test"'),
        ('job="say \\"hi\\" \\\\ back"', 'job="say \\"hi\\" \\\\ back"'),
        # What would end the selector is inside a string, and stays there.
        ("job='x\"} or vector(1) #'", 'job="x\\"} or vector(1) #"'),
        ('__name__=~"churn_.+"', '__name__=~"churn_.+"'),
    ],
)
def test_line_is_read_and_written_anew(line: str, written: str) -> None:
    assert str(read_selector(line)) == written


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "churn",
        "job=churn",
        'job="churn',
        'job="churn"}',
        'job="churn"} or up{job="x"',
        'job="a" env="b"',
        'job="a",,env="b"',
        '1job="a"',
        'jöb="a"',
        'job=="a"',
        'job="a\nb"',
        'job="a") or vector(1',
        "job=`a`",
        'up{job="a"}',
        # Exclusions alone mean everybody.
        'env!="test"',
        'job=~".*"',
        'job=""',
    ],
)
def test_what_is_no_list_of_matchers_is_refused(line: str) -> None:
    with pytest.raises(BadSelector):
        read_selector(line)


def test_selector_takes_the_place_of_the_metric() -> None:
    selector = read_selector('__name__="x",job="a"')
    assert selector.of("up") == 'up{job="a"}'
    assert selector.of("up", Matcher("v", "!=", "")) == 'up{job="a",v!=""}'
    assert selector.any_metric == '{__name__="x",job="a"}'


def test_names_mean_only_themselves() -> None:
    assert one_of(["A.B", 'say "x"']) == r'"A\\.B|say\\ \"x\""'


@pytest.mark.parametrize(
    ("op", "pattern", "value", "expected"),
    [
        ("=", "a", "a", True),
        ("=", "a", "", False),
        ("!=", "a", "", True),
        ("=~", "a|b", "b", True),
        ("=~", "a|b", "ab", False),
        ("=~", "churn.*", "churn-api", True),
        ("=~", "churn.*", "churn", True),
        ("=~", "churn.+", "churn", False),
        ("=~", "churn.+", "churn-api", True),
        ("=~", ".*api", "churn-api", True),
        ("=~", ".*a.*b.*", "xxaxxbxx", True),
        ("=~", ".*a.*b.*", "xxbxxaxx", False),
        ("=~", "ab.*bc", "abc", False),
        ("=~", "ab.*bc", "abbc", True),
        ("=~", r"a\.b", "a.b", True),
        ("=~", r"a\|b|c", "a|b", True),
        ("!~", "a|b", "c", True),
        ("!~", "a.*", "ab", False),
        ("=~", "a.c", "abc", None),
        ("=~", "(a|b)c", "ac", None),
        ("!~", "[ab]", "a", None),
    ],
)
def test_matcher_is_compared_as_prometheus_does_or_not_at_all(
    op: str, pattern: str, value: str, expected: bool | None
) -> None:
    assert Matcher("x", op, pattern).fits(value) is expected


def test_no_pattern_keeps_the_portal_busy() -> None:
    began = time.perf_counter()
    for pattern in ("(a+)+$", ".*a" * 100, "a|" * 200, ".+" * 200):
        Matcher("x", "=~", pattern).fits("a" * 2_000 + "!")
    # A pattern that backtracks takes longer than anybody waits.
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('up{job="a"} == 0', ['__name__="up",job="a"']),
        (
            'sum by (job, model) (rate(x_total{job="a"}[5m])) / on (job) group_left () y > bool 0.5',
            ['__name__="x_total",job="a"', '__name__="y"'],
        ),
        ('{__name__="z",job="a"} offset 5m', ['__name__="z",job="a"']),
        ('label_replace(up, "to", "$1", "from", "up{(.*)")', ['__name__="up"']),
        ("x and y unless z # and w", ['__name__="x"', '__name__="y"', '__name__="z"']),
        ("vector(1) + time() * 1e3", []),
        ("x[30m:5m] @ end()", ['__name__="x"']),
        ("up{job=", []),
        ("}{)(][", []),
    ],
)
def test_series_that_an_expression_names(expression: str, expected: list[str]) -> None:
    assert [str(selector) for selector in series_of(expression)] == expected


@pytest.mark.parametrize(
    ("expression", "line", "expected"),
    [
        ('up{job="churn-api"} == 0', 'job="churn-api"', True),
        ('up{job="churn-api-2"} == 0', 'job="churn-api"', False),
        ("up == 0", 'job="churn-api"', False),
        ('up{job=~"churn-api|scorer"} == 0', 'job="churn-api"', True),
        # Everybody's rule is not the team's.
        ('up{job=~".+"} == 0', 'job="churn-api"', False),
        ('up{job!="churn-api"} == 0', 'job="churn-api"', False),
        ('up{job="churn-api",env="prod"} == 0', 'job=~"churn.*"', True),
        ('up{job=~"churn.*"} == 0', 'job=~"churn.*"', True),
        ('up{job="churn-api"} == 0', 'job="churn-api",env!="test"', True),
        ('up{job="churn-api",env="test"} == 0', 'job="churn-api",env!="test"', False),
        ('up{job="churn-api"} == 0', 'job="churn-api",env="prod"', False),
        # Two halves in two series are not one.
        ('up{job="a"} and x{env="prod"}', 'job="a",env="prod"', False),
        ("churn_psi > 0.2", '__name__=~"churn_.*"', True),
        ('x{note="up{job=\\"a\\"}"}', 'job="a"', False),
    ],
)
def test_rule_is_about_the_team_or_not(expression: str, line: str, expected: bool) -> None:
    assert is_about(expression, read_selector(line)) is expected


def test_a_teams_own_values_are_no_words() -> None:
    assert without_values('up{job="quality-api",x="drift"}', ["quality-api"]) == 'up{job="",x="drift"}'
