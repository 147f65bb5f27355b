"""Faults of the other side that one failed collection shows, each with what must come of it. Worked out by hand from the spec."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.hostile import Action
from tests.integrations.faults.faulty import changed, cut_short, routed, says

Due = tuple[timedelta, timedelta]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# The usual interval, and its spread over a minute.
USUAL = (6 * HOUR, 6 * HOUR + 2 * MINUTE)
# After a failure that may pass by itself: the first retry.
SOON = (5 * MINUTE, 11 * MINUTE)


@dataclass(frozen=True)
class Row:
    """`where`: what part of a question the fault meets; the first question of all where it is empty.

    `said` ends the collection: outcome, failure. `reason` is what is then stored of `signal`. `due`: when it is next tried.
    """

    row: int
    words: str
    system: str
    action: Action
    said: tuple[str, str]
    signal: str
    reason: str
    due: Due = USUAL
    where: str = ""
    after: int = 0
    times: int = 1_000_000


def _wait(seconds: float) -> tuple[timedelta, timedelta]:
    """After so long, never before; a collection of the fake takes less than a minute of the ticking clock."""
    return timedelta(seconds=seconds), timedelta(seconds=seconds) + MINUTE


RUNS, CI = "mlflow.runs_90d", "ci.runs_30d"
UNREACHABLE, UNAUTHORIZED, THROTTLED = (
    ("failed", "unreachable"),
    ("failed", "unauthorized"),
    ("throttled", "rate_limited"),
)
BAD_PAYLOAD, UNAVAILABLE, BLOCKED = (
    ("failed", "bad_payload"),
    ("failed", "unavailable"),
    ("failed", "blocked"),
)
PARTIAL = ("partial", "")
# Nothing was learned of any signal, so nothing is said of it: the last reading stands.
PUT_OFF = ""
# The second collection begins then, on the source's clock too.
AT = UNTIL + 2 * HOUR


def _stamp(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _epoch(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _429(row: int, words: str, seconds: float, **headers: str) -> Row:
    act = says("429 Too Many Requests", **headers)
    return Row(row, words, "mlflow", act, THROTTLED, RUNS, PUT_OFF, _wait(seconds))


def _whole(row: int, words: str, action: Action, said: tuple[str, str], reason: str = "unreachable", due: Due = SOON) -> Row:  # fmt: skip
    """Done to every question that MLflow is asked."""
    return Row(row, words, "mlflow", action, said, RUNS, reason, due)


def _at_github(row: int, words: str, where: str, action: Action, said: tuple[str, str], reason: str, due: Due = USUAL, **more: int) -> Row:  # fmt: skip
    return Row(row, words, "github", action, said, CI, reason, due, where, **more)


def _refused(message: str, **headers: str) -> Action:
    return says("403 Forbidden", {"message": message}, **headers)


HTML = b"<!doctype html><title>Sign in</title>"
DIGITS = b'{"experiment": ' + b"9" * 5_000 + b"}"
HUGE = b'{"experiment": "' + b"x" * 10_000_000 + b'"}'

# Over what a door unpacks.
BOMB = gzip.compress(bytes(40 * 2**20), 1)

TABLE: tuple[Row, ...] = (
    _429(1, "in seconds", 1800, Retry_After="1800"),
    _429(2, "a date", 900, Retry_After=_stamp(AT + 15 * MINUTE)),
    _429(2, "a date on a clock an hour ahead", 900, Retry_After=_stamp(AT + HOUR + 15 * MINUTE), Date=_stamp(AT + HOUR)),
    _429(2, "a date beside an unreadable Date", 900, Retry_After=_stamp(AT + 15 * MINUTE), Date="yesterday, 99"),
    _429(2, "a date in the past", 60, Retry_After=_stamp(AT - HOUR)),
    _429(2, "negative", 60, Retry_After="-5"),
    _429(2, "not a number", 60, Retry_After="nan"),
    _429(2, "infinite", 60, Retry_After="1e309"),
    _429(2, "garbage", 60, Retry_After="soon"),
    _429(3, "a day: capped at six hours", 6 * 3600, Retry_After="86400"),
    _at_github(4, "with Retry-After", "", _refused("You have exceeded a secondary rate limit", Retry_After="300"), THROTTLED, PUT_OFF, _wait(300)),
    _at_github(4, "without", "", _refused("You have exceeded a secondary rate limit"), THROTTLED, PUT_OFF, _wait(60)),
    _at_github(4, "after two hundred good answers", "", _refused("You have triggered an abuse detection mechanism"), THROTTLED, PUT_OFF, _wait(60), after=40),
    _at_github(5, "until the reset", "", _refused("API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset=_epoch(AT + 15 * MINUTE)), THROTTLED, PUT_OFF, _wait(900)),
    _at_github(5, "until the reset, on a clock a day ahead", "", _refused("API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset=_epoch(AT + DAY + 15 * MINUTE), Date=_stamp(AT + DAY)), THROTTLED, PUT_OFF, _wait(900)),
    _at_github(6, "Actions are hidden", "/actions/", _refused("Resource not accessible by personal access token"), PARTIAL, "unauthorized"),
    _whole(7, "401", says("401 Unauthorized", b"secret banner"), UNAUTHORIZED, "unauthorized", USUAL),
    _whole(8, "203 with a sign-in page", says("203 Non-Authoritative", HTML, Content_Type="text/html"), UNAUTHORIZED, "unauthorized", USUAL),
    _whole(8, "302 to a sign-in page elsewhere", says("302 Found", Location="https://login.invalid/_signin"), UNAUTHORIZED, "unauthorized", USUAL),
    _whole(8, "302 to its own sign-in page", says("302 Found", Location="/users/sign_in"), UNAUTHORIZED, "unauthorized", USUAL),
    # A count of the other repository alone is a lower bound; a share of it would be another share.
    Row(10, "the repository answers 404", "github", says("404 Not Found", {"message": "Not Found"}), PARTIAL, "ci.success_rate_30d", "unauthorized", USUAL, "/repos/octo/app"),
    _at_github(12, "500 on every page of the runs", "branch=main", says("500 Oops", b"Traceback"), PARTIAL, "unreachable"),
    _whole(13, "a text", says("503 Busy", b"busy", Content_Type="text/plain"), UNAVAILABLE),
    _whole(13, "a web page", says("503 Busy", HTML, Content_Type="text/html"), UNAVAILABLE),
    _whole(13, "with a time to come back", says("503 Busy", b"busy", Retry_After="1200"), UNAVAILABLE, due=_wait(1200)),
    _whole(14, "cut JSON", cut_short(0.7), BAD_PAYLOAD),
    _whole(15, "cut connection", routed("cut"), UNAVAILABLE),
    _whole(15, "something that is not HTTP", routed("garbage"), UNAVAILABLE),
    _whole(16, "a sign-in page", says("200 OK", HTML, Content_Type="text/html"), BAD_PAYLOAD),
    _whole(16, "a sign-in page that calls itself JSON", says("200 OK", b"  <html>sign in</html>"), BAD_PAYLOAD),
    _whole(17, "MLflow's own error with 200", says("200 OK", {"error_code": "INTERNAL_ERROR", "message": "no"}), BAD_PAYLOAD),
    _at_github(17, "GitHub's error with 200", "branch=main", says("200 OK", {"message": "Server Error"}), PARTIAL, "unreachable"),
    _whole(18, "null", says("200 OK", b"null"), BAD_PAYLOAD),
    _whole(18, "a list", says("200 OK", b"[]"), BAD_PAYLOAD),
    _whole(18, "204", says("204 No Content", b""), BAD_PAYLOAD),
    _at_github(18, "null for runs", "branch=main", says("200 OK", b"null"), PARTIAL, "unreachable"),
    _whole(19, "in the body", routed("drip"), UNREACHABLE),
    _whole(19, "in the headers", routed("drip-headers"), UNREACHABLE),
    _whole(20, "silence", routed("silent"), UNREACHABLE),
    _whole(21, "a gigabyte", routed("giant"), ("failed", "too_big"), due=USUAL),
    _whole(21, "headers without end", routed("endless-headers"), UNAVAILABLE),
    _whole(22, "a bomb", says("200 OK", BOMB, Content_Encoding="gzip"), ("failed", "too_big"), due=USUAL),
    _whole(22, "brotli", routed("brotli"), BAD_PAYLOAD),
    _whole(22, "broken gzip", routed("gzip-broken"), BAD_PAYLOAD),
    _whole(23, "200,000 levels", routed("deep"), BAD_PAYLOAD),
    _whole(23, "ten megabytes of text", says("200 OK", HUGE), BAD_PAYLOAD),
    _whole(23, "1e999", says("200 OK", b'{"experiment": 1e999}'), BAD_PAYLOAD),
    _whole(23, "NaN", routed("nan"), BAD_PAYLOAD),
    _whole(23, "keys twice", routed("twice"), BAD_PAYLOAD),
    _whole(23, "5,000 digits", says("200 OK", DIGITS), BAD_PAYLOAD),
    _whole(24, "another host", says("301 Moved", Location="https://elsewhere.invalid/"), BLOCKED, due=USUAL),
    _whole(24, "the metadata service", says("301 Moved", Location="https://169.254.169.254/latest"), BLOCKED, due=USUAL),
    Row(27, "a page that names itself as the next", "mlflow", changed(lambda said: {**said, "next_page_token": "0"}), PARTIAL, RUNS, "unreachable", USUAL, "runs/search"),
    _whole(28, "Latin-1", routed("latin"), BAD_PAYLOAD),
    Row(34, "MLflow's silent no", "mlflow", says("403 Forbidden", b"Permission denied", Content_Type="text/plain"), PARTIAL, RUNS, "unauthorized", USUAL, "experiments/get"),
    Row(36, "a token that expired", "mlflow", says("400 Bad Request", {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid page token"}), PARTIAL, RUNS, "unreachable", USUAL, "runs/search"),
    _whole(46, "by its own words", says("403 Forbidden", b"Invalid Host header - possible DNS rebinding attack detected", Content_Type="text/plain"), ("failed", "forbidden"), "unauthorized", USUAL),
)  # fmt: skip
