"""The fifty faults of spec CONNECTORS 6, each in one line, and who proves it. A number without a proof fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tests.integrations.faults.table import TABLE

F = TypeVar("F", bound=Callable[..., object])

FIFTY = {
    1: "429 with Retry-After in seconds",
    2: "Retry-After as a date, in the past, nan, infinite, garbage; an unreadable Date",
    3: "Retry-After of a day",
    4: "403 of a secondary limit, with and without Retry-After",
    5: "403 of the primary limit: nothing remains",
    6: "403 without marks of a limit",
    7: "401: the token is expired or revoked",
    8: "203 with a sign-in page; 302 to one on another host",
    9: "301: the repository was renamed",
    10: "404: the repository is gone, or access to it",
    11: "the name belongs to another repository now",
    12: "500 or 502 in the middle of pages",
    13: "503 with a text or a web page",
    14: "JSON cut off, its length right",
    15: "the connection is cut",
    16: "a sign-in page with 200",
    17: "an error object with 200",
    18: "null, a list for an object, 204",
    19: "one byte a second, in the body or in the headers",
    20: "accepts and never answers",
    21: "a body without end",
    22: "a gzip bomb; an encoding that was not asked for",
    23: "deep JSON, huge text, 1e999, NaN, keys twice, a number of 5,000 digits",
    24: "a redirect to another host, and to the metadata service",
    25: "DNS that changes its answer, or mixes good with forbidden",
    26: "addresses in every disguise",
    27: "a next page elsewhere, on itself, backwards, without end",
    28: "BOM, wrong charset, invalid UTF-8",
    29: "the same id twice, in a page and over pages",
    30: "rows move between pages while they are read",
    31: "a run changes after it was read",
    32: "runs deleted at the source",
    33: "a new repository without a commit; no experiments",
    34: "a lost permission that looks like nothing there",
    35: "hostile text: NUL, lone surrogates, script, formulas, 64 kB names",
    36: "a page token that expired",
    37: "more results than the source lists",
    38: "no totals, only links",
    39: "TLS: self-signed, wrong name, expired, plain http",
    40: "clocks a day apart, times in the future",
    41: "304 after a change of token, and without anything kept",
    42: "webhooks: unsigned, replayed, unknown, huge, of another type",
    43: "two workers, a killed worker, a message twice",
    44: "the key ring lost a key",
    45: "an old server without an endpoint",
    46: "MLflow's check of the Host header",
    47: "one token in two connections",
    48: "one source hangs while others are read",
    49: "a cache that gives one tenant's answer to another",
    50: "proxy variables in the environment",
}

# Proven where their subject is tested: module, and the test or the class of tests in it.
_CONNECTORS, _SERVICES = "tests.integrations.connectors.", "tests.integrations.services."
ELSEWHERE: dict[int, tuple[tuple[str, str], ...]] = {
    38: (
        (f"{_CONNECTORS}test_gitlab_collect", "test_pages_are_followed_by_their_question_at_our_own_address"),
        (
            f"{_CONNECTORS}test_gitlab_collect",
            "test_a_page_that_names_itself_as_the_next_does_not_go_on_for_ever",
        ),
    ),
    41: (
        (f"{_CONNECTORS}test_kept", "test_unchanged_without_anything_kept_asks_again_and_then_fails"),
        (f"{_SERVICES}test_kept_answers", "test_another_credential_never_sees_it"),
    ),
    42: (("tests.integrations.inbound.test_deliveries", "TestRow42"),),
    43: (
        (f"{_SERVICES}test_leases", "test_message_delivered_twice_collects_once"),
        (f"{_SERVICES}test_leases", "test_killed_worker_blocks_nobody_for_longer_than_its_lease"),
        (f"{_SERVICES}test_leases", "test_worker_that_comes_back_late_stores_nothing_more"),
    ),
    44: ((f"{_SERVICES}test_collecting", "test_wrong_key_ring_is_loud_and_asks_nothing"),),
    47: (
        (f"{_SERVICES}test_budgets", "test_two_connections_of_one_credential_are_never_claimed_together"),
        (f"{_SERVICES}test_budgets", "test_a_limit_binds_all_who_send_that_credential_and_nobody_else"),
    ),
    48: (
        (f"{_SERVICES}test_stopping", "test_who_stays_silent_steps_aside_and_nothing_is_said_of_it"),
        (
            f"{_SERVICES}test_stopping",
            "test_in_the_slow_lane_who_answered_lately_goes_first_and_a_lost_claim_does_not_close_it",
        ),
    ),
    49: (
        (f"{_SERVICES}test_kept_answers", "test_another_connection_with_the_same_credential_never_sees_it"),
        (f"{_SERVICES}test_kept_answers", "test_a_collection_sends_no_tag_of_another_connection"),
    ),
}

PROVEN: dict[int, list[str]] = {}
for _fault in TABLE:
    PROVEN.setdefault(_fault.row, []).append(_fault.words)


def proves(*rows: int) -> Callable[[F], F]:
    """Marks a test that proves these rows in its own way."""

    def note(test: F) -> F:
        for row in rows:
            PROVEN.setdefault(row, []).append(f"{test.__module__}::{test.__qualname__}")
        return test

    return note
