"""What a host tells about the requests that are left, in three dialects, and what is nonsense."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.connectors.allowance import Allowance, allowance_of
from tests.factories import AT

RESET = str(int((AT + timedelta(minutes=20)).timestamp()))
GITHUB = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4321", "x-ratelimit-reset": RESET}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(GITHUB, id="GitHub and Azure DevOps"),
        pytest.param({**GITHUB, "x-ratelimit-resource": "core"}, id="GitHub names its core"),
        pytest.param(
            {"ratelimit-limit": "5000", "ratelimit-remaining": "4321", "ratelimit-reset": RESET}, id="GitLab"
        ),
        pytest.param(
            {"ratelimit-limit": "5000", "ratelimit-remaining": "4321", "ratelimit-reset": "1200"},
            id="seconds from now",
        ),
    ],
)
def test_what_is_left_is_read(headers: dict[str, str]) -> None:
    assert allowance_of(headers, AT) == Allowance(5000, 4321, AT + timedelta(minutes=20))


def test_the_reset_is_on_the_hosts_clock() -> None:
    ahead = (AT + timedelta(minutes=15)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    told = allowance_of({**GITHUB, "date": ahead}, AT)
    assert told == Allowance(5000, 4321, AT + timedelta(minutes=5))


@pytest.mark.parametrize(
    "changed",
    [
        {"x-ratelimit-remaining": "many"},
        {"x-ratelimit-remaining": "-1"},
        {"x-ratelimit-remaining": "5001"},
        {"x-ratelimit-limit": "0"},
        {"x-ratelimit-limit": "nan"},
        {"x-ratelimit-reset": ""},
        {"x-ratelimit-resource": "search"},
    ],
)
def test_nonsense_and_other_counters_tell_nothing(changed: dict[str, str]) -> None:
    assert allowance_of({**GITHUB, **changed}, AT) is None


def test_a_reset_in_a_year_is_believed_for_six_hours() -> None:
    far = str(int((AT + timedelta(days=365)).timestamp()))
    assert allowance_of({**GITHUB, "x-ratelimit-reset": far}, AT) == Allowance(
        5000, 4321, AT + timedelta(hours=6)
    )


@pytest.mark.parametrize(("remaining", "is_used_up"), [(1001, False), (1000, True), (0, True)])
def test_a_fifth_is_kept_for_people(remaining: int, is_used_up: bool) -> None:
    allowance = Allowance(5000, remaining, AT + timedelta(minutes=1))
    assert allowance.is_used_up(AT) is is_used_up
    assert allowance.is_used_up(AT + timedelta(minutes=1)) is False
