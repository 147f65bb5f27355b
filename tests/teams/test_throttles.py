"""Counting requests: one process tells the others now and then, and never lets more than a few too many in."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisIsAway

from teams.api import throttles
from teams.api.throttles import MOST_UNTOLD, _Counts, _step


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()
    yield
    cache.clear()


def test_one_process_counts_exactly():
    counts = _Counts()

    assert [counts.add_one("api:a:read", 1, step=12) for _ in range(40)] == list(range(1, 41))
    assert counts.add_one("api:b:read", 1, step=12) == 1


def test_the_next_minute_begins_with_one():
    counts = _Counts()
    for _ in range(5):
        counts.add_one("api:a:read", 1, step=12)

    assert counts.add_one("api:a:read", 2, step=12) == 1


def test_two_processes_are_at_most_a_step_apart_each():
    one, other = _Counts(), _Counts()
    seen = [counts.add_one("api:a:read", 1, step=12) for _ in range(100) for counts in (one, other)]

    assert all(200 - 2 * 12 <= count <= 200 for count in seen[-2:])


def test_a_step_of_one_is_exact_between_processes():
    one, other = _Counts(), _Counts()

    assert [counts.add_one("api:a:write", 1, step=1) for counts in (one, other, one)] == [1, 2, 3]


@pytest.mark.parametrize(("limit", "step"), [(1, 1), (60, 1), (600, MOST_UNTOLD), (100_000, MOST_UNTOLD)])
def test_small_budgets_are_shared_at_once(limit, step):
    assert _step(limit) == step


def test_without_a_cache_everybody_gets_in(monkeypatch):
    class Away:
        def incr(self, key, delta):
            raise RedisIsAway

    monkeypatch.setattr(throttles, "cache", Away())

    assert [_Counts().add_one("api:a:read", 1, step=12) for _ in range(3)] == [0, 0, 0]
