#!/usr/bin/env python3
"""mlops-portal-push: tell MLOps Portal what was measured, or ask how far a team is, from any CI step.

    mlops-portal-push push ci.runs_30d=42 ci.success_rate_30d=93%
    mlops-portal-push push --file measurements.json
    mlops-portal-push check --level 2 --capability training

One file, Python 3.8 or later, nothing to install. Where the portal is, who sends and for which team stand in the environment:
MLOPS_PORTAL_URL, MLOPS_PORTAL_TOKEN, MLOPS_PORTAL_TEAM.

Exit codes: 0 done, or the level is reached; 1 the team is below the level; 2 this command was used wrongly; 3 the portal
refused (the reason is printed); 4 the portal could not be reached, retries included; 5 it is not known whether the level is
reached, or the numbers are out of date.
"""

from __future__ import annotations

import argparse
import email.utils
import hashlib
import http.client
import ipaddress
import json
import math
import os
import random
import re
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Dict, Iterator, List, NamedTuple, NoReturn, Optional, Tuple

VERSION = "1"
DONE, BELOW, USAGE, REFUSED, UNREACHABLE, NOT_KNOWN = range(6)

# The most that the portal takes at once.
BATCH = 500
LONGEST_ID = 200
LARGEST_ANSWER = 8 * 1024 * 1024
RETRIED = (429, 502, 503, 504)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0

SIGNAL = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
AMOUNT = re.compile(r"(?P<number>[-+0-9.eE]+)(?P<unit>%|s|min|h|d)?")
# Shares go from 0 to 1 and durations are hours, whatever they are written in.
UNITS = {
    "": Decimal(1),
    "%": Decimal(1) / 100,
    "s": Decimal(1) / 3600,
    "min": Decimal(1) / 60,
    "h": Decimal(1),
    "d": Decimal(24),
}
TOKEN = re.compile(r"mlp_[0-9A-Za-z_]+")


class Stop(Exception):
    """The end, with an exit code and a sentence for people."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Run(NamedTuple):
    """What the CI says of itself: a name that a retried or repeated step has again, and a page to open."""

    id: str
    url: str


# --- What the CI says ---------------------------------------------------------------------------------------------
def run_of(environment: Dict[str, str]) -> Optional[Run]:
    """The run of GitHub Actions, GitLab CI, Azure Pipelines or Jenkins that this is part of; None outside of them.

    Attempts are left out on purpose: a job that is run again measures the same run.
    """

    def env(*names: str) -> List[str]:
        return [environment.get(name, "").strip() for name in names]

    if environment.get("GITHUB_ACTIONS") == "true":
        server, repository, number, job = env(
            "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB"
        )
        return _run(
            "github", [server, repository, number, job], f"{server}/{repository}/actions/runs/{number}"
        )
    if environment.get("GITLAB_CI") == "true":
        host, project, number, job, url = env(
            "CI_SERVER_HOST", "CI_PROJECT_PATH", "CI_PIPELINE_ID", "CI_JOB_NAME", "CI_JOB_URL"
        )
        return _run("gitlab", [host, project, number, job], url)
    if environment.get("TF_BUILD", "").lower() == "true":
        base, project, number, job = env(
            "SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID", "SYSTEM_JOBNAME"
        )
        page = f"{base.rstrip('/')}/{urllib.parse.quote(project)}/_build/results?buildId={number}"
        return _run("azure", [base, project, number, job], page)
    if environment.get("JENKINS_URL") and environment.get("BUILD_NUMBER"):
        base, job, number, stage, url = env(
            "JENKINS_URL", "JOB_NAME", "BUILD_NUMBER", "STAGE_NAME", "BUILD_URL"
        )
        return _run("jenkins", [base, job, number, stage], url)
    return None


def _run(kind: str, parts: List[str], url: str) -> Run:
    where = [part.split("://")[-1].strip("/") for part in parts if part]
    is_page = url.startswith(("https://", "http://")) and "@" not in urllib.parse.urlsplit(url).netloc
    return Run(bounded_id("/".join([kind] + where)), url if is_page else "")


def bounded_id(text: str) -> str:
    """The text as an id that the portal takes: a long one ends in its digest."""
    if len(text) <= LONGEST_ID:
        return text
    return f"{text[:150]}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:40]}"


# --- What is sent ---------------------------------------------------------------------------------------------------
def measurement_of(word: str) -> Dict[str, Any]:
    """The item that SIGNAL=VALUE stands for. Raises Stop."""
    signal, equals, value = word.partition("=")
    if not equals or not SIGNAL.fullmatch(signal):
        raise Stop(USAGE, f"{word!r} is not SIGNAL=VALUE, such as ci.runs_30d=42.")
    return dict(value_of(signal, value.strip()), signal=signal)


def value_of(signal: str, text: str) -> Dict[str, Any]:
    """`value`, or `state` and `reason`. Raises Stop."""
    if text.lower() in ("true", "false"):
        return {"value": text.lower() == "true"}
    if text.startswith("unknown:"):
        return {"state": "unknown", "reason": text[len("unknown:") :]}
    found = AMOUNT.fullmatch(text)
    try:
        amount = Decimal(found.group("number")) * UNITS[found.group("unit") or ""] if found else None
    except InvalidOperation:
        amount = None
    if amount is None or not math.isfinite(float(amount)):
        raise Stop(
            USAGE,
            f"{signal}: {text!r} is no value. Give a number, 93%, 90min, 1.5h, 2d, true, false, or unknown:REASON.",
        )
    whole = amount == amount.to_integral_value() and abs(amount) < 2**53
    return {"value": int(amount) if whole else float(amount)}


def items_of(options: argparse.Namespace, run: Optional[Run], now: str) -> List[Dict[str, Any]]:
    """Everything that is to be sent, complete. Raises Stop."""
    named = bounded_id(options.id) if options.id else (run.id if run else "")
    common = {
        "team": options.team,
        "observed_at": options.at or now,
        "url": options.link or (run.url if run else ""),
        "sample": options.sample,
        "bound": options.bound,
    }
    common = {name: value for name, value in common.items() if value not in ("", None)}
    complete: List[Dict[str, Any]] = []
    seen: Dict[Tuple[str, str], int] = {}
    for number, item in enumerate(given_items(options), 1):
        made = dict(common, **item)
        if not made.get("team"):
            raise Stop(USAGE, "For which team? Set MLOPS_PORTAL_TEAM or give --team.")
        if not isinstance(made.get("signal"), str):
            raise Stop(USAGE, f"Item {number} names no signal.")
        key = (str(made["team"]), made["signal"])
        seen[key] = seen.get(key, 0) + 1
        if "external_id" not in made:
            made["external_id"] = _own_id(named, seen[key], is_file=bool(options.file), signal=made["signal"])
        complete.append(made)
    return complete


def given_items(options: argparse.Namespace) -> List[Dict[str, Any]]:
    """What the command line, the file or the environment holds. Raises Stop."""
    words = options.measurements
    if not words and not options.file:
        words = os.environ.get("MLOPS_PORTAL_MEASUREMENTS", "").split()
    if words and options.file:
        raise Stop(USAGE, "Give either SIGNAL=VALUE pairs or --file, not both.")
    given = read_file(options.file) if options.file else [measurement_of(word) for word in words]
    if not given:
        raise Stop(USAGE, "There is nothing to send. Give SIGNAL=VALUE pairs or --file.")
    return given


def _own_id(named: str, occurrence: int, is_file: bool, signal: str) -> str:
    if not named:
        raise Stop(
            USAGE,
            "This is no CI that is known here, so a repetition could not be told from news. Give --id: the same text for "
            "the same measurement, another one for the next.",
        )
    if occurrence > 1 and not is_file:
        raise Stop(USAGE, f"{signal} is given twice.")
    return named if occurrence == 1 else bounded_id(f"{named}#{occurrence}")


def read_file(path: str) -> List[Dict[str, Any]]:
    """The items in a JSON file, `-` for standard input: a list, or an object with `items`. Raises Stop."""
    try:
        if path == "-":
            text = sys.stdin.read()
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        data = json.loads(text)
    except OSError as error:
        raise Stop(USAGE, f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise Stop(USAGE, f"{path} is not JSON: {error}.") from None
    items = data.get("items") if isinstance(data, dict) else data
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Stop(USAGE, f'{path} holds no list of measurements, nor an object {{"items": [...]}}.')
    return items


# --- Talking to the portal ------------------------------------------------------------------------------------------
class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the host it is for and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Portal:
    """The API of one portal. Asks again where that helps, and never longer than `patience` seconds in all."""

    def __init__(self, url: str, token: str, timeout: float, patience: float, ca_file: str = "") -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._ends = time.monotonic() + patience
        context = ssl.create_default_context(cafile=ca_file or None)
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect)

    def get(self, path: str, **query: str) -> Dict[str, Any]:
        """The answer to a question. Raises Stop."""
        return self._ask(f"{path}?{urllib.parse.urlencode(query)}" if query else path, None)

    def post(self, path: str, data: Dict[str, Any], **query: str) -> Dict[str, Any]:
        """The answer to what is sent. Sent twice it must do no more than once. Raises Stop."""
        address = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        return self._ask(address, json.dumps(data, allow_nan=False).encode("utf-8"))

    def _ask(self, path: str, body: Optional[bytes]) -> Dict[str, Any]:
        tries, pause = 0, FIRST_PAUSE
        while True:
            tries += 1
            answer, why, wait = self._try(path, body)
            if answer is not None:
                return answer
            # Jitter, so that a hundred jobs that met the same outage do not come back together.
            wait = wait if wait is not None else pause * (0.5 + random.random() / 2)
            pause = min(pause * 2, LONGEST_PAUSE)
            left = self._ends - time.monotonic()
            if wait > left:
                times = "once" if tries == 1 else f"{tries} times"
                raise Stop(
                    UNREACHABLE, f"{why} Tried {times}; the next try would be later than --wait allows."
                )
            note(f"{why} Trying again in {max(1, round(wait))} s.")
            time.sleep(wait)

    def _try(self, path: str, body: Optional[bytes]) -> Tuple[Optional[Dict[str, Any]], str, Optional[float]]:
        """(answer, "", None), or (None, why not, how long to wait if the portal said so). Raises Stop where no try helps."""
        request = urllib.request.Request(
            self._url + path,
            data=body,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": f"mlops-portal-push/{VERSION}",
            },
            method="GET" if body is None else "POST",
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                raw = response.read(LARGEST_ANSWER)
            data = json.loads(raw.decode("utf-8"))
        except urllib.error.HTTPError as error:
            return None, *_refusal(error)
        except ssl.SSLCertVerificationError as error:
            raise Stop(UNREACHABLE, _untrusted(error)) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise Stop(UNREACHABLE, _untrusted(error.reason)) from None
            return None, f"The portal cannot be reached: {error.reason}.", None
        except (http.client.HTTPException, OSError) as error:
            return None, f"The answer broke off: {type(error).__name__}.", None
        except ValueError:
            return None, "What answered is not the portal's API, or its answer was cut short.", None
        if not isinstance(data, dict):
            return None, "What answered is not the portal's API.", None
        return data, "", None


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    return f"The certificate is not trusted: {error.verify_message}. For a CA of your own give --ca-file."


def _refusal(error: urllib.error.HTTPError) -> Tuple[str, Optional[float]]:
    """Why, and how long to wait, for what is worth another try. Raises Stop for the rest."""
    try:
        problem = json.loads(error.read(LARGEST_ANSWER).decode("utf-8"))
    except (ValueError, OSError, http.client.HTTPException):
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    if 300 <= error.code < 400:
        there = error.headers.get("Location", "another address")
        raise Stop(REFUSED, f"The address leads on to {there}. Give the portal's own address as --url.")
    detail = str(problem.get("detail") or error.reason or "no reason given")
    said = f"The portal answered {error.code}: {detail}"
    if error.code in RETRIED:
        return said, retry_after(error.headers.get("Retry-After", ""))
    if error.code >= 500:
        raise Stop(UNREACHABLE, f"{said} (request {problem.get('request_id', 'unknown')})")
    more = "".join(
        f"\n  {one.get('pointer', '')}: {one.get('detail', '')}"
        for one in problem.get("errors") or []
        if isinstance(one, dict)
    )
    raise Stop(REFUSED, f"{said}{more}")


def retry_after(text: str) -> Optional[float]:
    """Seconds to wait, of either form; None where it does not say."""
    text = text.strip()
    if text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


# --- push -----------------------------------------------------------------------------------------------------------
def push(options: argparse.Namespace) -> int:
    """Sends the measurements and says what became of each that was not taken. Raises Stop."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    items = items_of(options, run_of(dict(os.environ)), now)
    portal = portal_of(options)
    query = {"dry_run": "true"} if options.dry_run else {}
    counts: Dict[str, int] = {}
    for batch in (items[start : start + BATCH] for start in range(0, len(items), BATCH)):
        answer = portal.post("/api/v1/measurements/", {"items": batch}, **query)
        for item, result in judged(batch, answer):
            status = str(result.get("status"))
            counts[status] = counts.get(status, 0) + 1
            if status not in ("stored", "duplicate"):
                note(
                    f"{status}: {item['signal']} of {item['team']}: {result.get('detail')} ({result.get('code')})"
                )
    taken = counts.pop("stored", 0), counts.pop("duplicate", 0)
    verb = "would be stored" if options.dry_run else "stored"
    say(f"{taken[0]} {verb}, {taken[1]} known already, {sum(counts.values())} not taken.")
    return REFUSED if counts else DONE


def judged(
    batch: List[Dict[str, Any]], answer: Dict[str, Any]
) -> Iterator[Tuple[Dict[str, Any], Dict[str, Any]]]:
    """Each item with its result. Raises Stop where the answer does not fit: then nothing is known."""
    results = answer.get("items")
    if not isinstance(results, list) or len(results) != len(batch):
        raise Stop(UNREACHABLE, "What answered is not the portal's API: it does not judge each item.")
    return zip(batch, results)


# --- check ----------------------------------------------------------------------------------------------------------
def check(options: argparse.Namespace) -> int:
    """Compares the team's level. What is not known is neither reached nor below. Raises Stop."""
    if not options.team:
        raise Stop(USAGE, "Which team? Set MLOPS_PORTAL_TEAM or give --team.")
    portal = portal_of(options)
    team = portal.get(f"/api/v1/teams/{urllib.parse.quote(options.team, safe='')}/score/")
    numbers, name = team, options.team
    is_provisional = bool(team.get("is_provisional"))
    if options.capability:
        name = f"{options.team}, {options.capability}"
        found = portal.get("/api/v1/scores/", team=options.team, capability=options.capability).get(
            "items"
        ) or [{}]
        numbers = found[0]
        is_provisional = not numbers.get("is_complete", False)
    elif options.dimension:
        name = f"{options.team}, {options.dimension}"
        inside = {one.get("dimension"): one for one in team.get("dimensions") or []}
        if inside and options.dimension not in inside:
            raise Stop(USAGE, f"There is no dimension {options.dimension!r}; there are: {', '.join(inside)}.")
        numbers = inside.get(options.dimension, {})
    if "valid_until" not in numbers:
        numbers = dict(numbers, valid_until=team.get("valid_until"))
    today = datetime.now(timezone.utc).date()
    code, sentence = verdict(
        numbers, options.level, options.number, is_provisional, options.no_provisional, today
    )
    say(f"{name}: {sentence}")
    if code == NOT_KNOWN and options.unknown_ok:
        say("Not known is let through (--unknown-ok).")
        return DONE
    return code


def verdict(
    numbers: Dict[str, Any],
    wanted: int,
    which: str,
    is_provisional: bool,
    no_provisional: bool,
    today: date,
) -> Tuple[int, str]:
    """(exit code, sentence) for verified <= level <= potential against a wanted level."""
    state = numbers.get("state", "unassessed")
    if state == "not_applicable":
        return NOT_KNOWN, "does not apply to the team, so there is no level to compare."
    verified, level, potential = (numbers.get(key) for key in ("verified", "level", "potential"))
    if state == "unassessed" or verified is None or level is None or potential is None:
        return NOT_KNOWN, "nothing is known yet. That is not a level 0."
    stands = f"level {level}, verified {verified}, up to {potential}."
    lapsed = out_of_date(numbers.get("valid_until"), today)
    if lapsed:
        return NOT_KNOWN, f"{stands} {lapsed}"
    code, sentence = _compared(verified if which == "verified" else level, level, potential, wanted)
    if code == DONE and is_provisional:
        if no_provisional:
            return NOT_KNOWN, f"{stands} Level {wanted} is reached provisionally only: too little is known."
        sentence += " It is provisional."
    return code, f"{stands} {sentence}"


def out_of_date(valid_until: Any, today: date) -> str:
    """That the numbers stand no more, in words; empty while they do, and where nothing behind them can lapse."""
    if valid_until is None:
        return ""
    try:
        last = date.fromisoformat(valid_until)
    except (TypeError, ValueError):
        return f"Until when that stands cannot be read: {valid_until!r}."
    if last >= today:
        return ""
    since = last + timedelta(days=1)
    return (
        f"That is out of date since {since.day} {since:%b %Y}: what it rests on has lapsed, and the portal has not "
        "counted anew."
    )


def _compared(reached: int, level: int, potential: int, wanted: int) -> Tuple[int, str]:
    if reached >= wanted:
        return DONE, f"Level {wanted} is reached."
    if potential < wanted:
        return BELOW, f"That is below {wanted}, whatever is still open."
    if level >= wanted:
        return BELOW, f"Level {wanted} is claimed, not verified."
    return NOT_KNOWN, f"Level {wanted} is not reached and not ruled out: something is still unknown."


# --- The command ----------------------------------------------------------------------------------------------------
def portal_of(options: argparse.Namespace) -> Portal:
    """The portal that is meant, once everything about it makes sense. Raises Stop."""
    if not options.url:
        raise Stop(USAGE, "Where is the portal? Set MLOPS_PORTAL_URL or give --url.")
    try:
        parts = urllib.parse.urlsplit(options.url)
        host = parts.hostname or ""
    except ValueError:
        raise Stop(USAGE, "--url is not an address.") from None
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.query or parts.fragment:
        raise Stop(USAGE, "--url is the portal's address, such as https://portal.example.org.")
    if parts.scheme == "http" and not _is_loopback(host) and not options.allow_http:
        raise Stop(
            USAGE,
            "Over plain http everybody on the way reads the token. Give an https address, or --allow-http.",
        )
    token = _token(options)
    try:
        return Portal(options.url, token, options.timeout, options.wait, options.ca_file)
    except OSError as error:
        raise Stop(USAGE, f"--ca-file cannot be used: {error.strerror or error}.") from None


def _token(options: argparse.Namespace) -> str:
    token = options.token or ""
    if options.token_file:
        try:
            with open(options.token_file, encoding="utf-8") as file:
                token = file.read()
        except OSError as error:
            raise Stop(USAGE, f"--token-file cannot be read: {error.strerror}.") from None
    token = token.strip()
    if not token:
        raise Stop(USAGE, "Who sends? Set MLOPS_PORTAL_TOKEN, or give --token-file or --token.")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Stop(USAGE, "The token holds characters that no token has.")
    _secrets.append(token)
    return token


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_secrets: List[str] = []


def scrubbed(text: str) -> str:
    """The text without any token, and without characters that a CI's log takes for commands."""
    for secret in _secrets:
        text = text.replace(secret, "***")
    text = TOKEN.sub("***", text)
    return "".join(char for char in text if char.isprintable() or char == "\n").replace("::", ": :")


def say(text: str) -> None:
    print(scrubbed(text), flush=True)


def note(text: str) -> None:
    print(scrubbed(text), file=sys.stderr, flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        note(f"{self.prog}: {message}\n{self.format_usage().strip()}")
        sys.exit(USAGE)


def parser() -> argparse.ArgumentParser:
    """Everything that may be said on the command line."""
    env = os.environ.get
    shared = _Parser(add_help=False)
    shared.add_argument("--url", default=env("MLOPS_PORTAL_URL", ""), help="the portal (MLOPS_PORTAL_URL)")
    shared.add_argument(
        "--token", default=env("MLOPS_PORTAL_TOKEN", ""), help="better set MLOPS_PORTAL_TOKEN"
    )
    shared.add_argument("--token-file", default="", help="a file that holds the token")
    shared.add_argument(
        "--team", default=env("MLOPS_PORTAL_TEAM", ""), help="the team's short name (MLOPS_PORTAL_TEAM)"
    )
    shared.add_argument(
        "--wait", type=seconds, default=300.0, metavar="S", help="try for so long in all (300)"
    )
    shared.add_argument("--timeout", type=seconds, default=30.0, metavar="S", help="of a single try (30)")
    shared.add_argument("--ca-file", default="", help="certificates of your own CA")
    shared.add_argument("--allow-http", action="store_true", help="send the token over plain http")
    made = _Parser(
        prog="mlops-portal-push",
        description=(__doc__ or "").split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=VERSION)
    commands = made.add_subparsers(dest="command", metavar="push | check")
    sends = commands.add_parser("push", parents=[shared], help="send measurements")
    sends.add_argument("measurements", nargs="*", metavar="SIGNAL=VALUE", help="or MLOPS_PORTAL_MEASUREMENTS")
    sends.add_argument(
        "--file", default="", help="JSON: a list of items as the API takes them; - reads standard input"
    )
    sends.add_argument("--sample", type=int, help="on how many items the values rest")
    sends.add_argument("--bound", choices=["exact", "lower"], help="lower: at least so much")
    sends.add_argument("--at", default="", metavar="TIME", help="the end of the window, RFC 3339; now")
    sends.add_argument("--link", default="", metavar="URL", help="a page to open; the CI's own")
    sends.add_argument("--id", default="", help="the same for a repetition; made from the CI's run")
    sends.add_argument("--dry-run", action="store_true", help="have them judged, store nothing")
    asks = commands.add_parser("check", parents=[shared], help="fail below a level")
    asks.add_argument("--level", type=int, required=True, choices=range(5), help="0 to 4")
    asks.add_argument(
        "--number", choices=["level", "verified"], default="level", help="what is claimed, or proven"
    )
    part = asks.add_mutually_exclusive_group()
    part.add_argument("--capability", default="", help="of this capability alone")
    part.add_argument("--dimension", default="", help="of this dimension alone")
    asks.add_argument("--unknown-ok", action="store_true", help="exit 0 instead of 5 while it is not known")
    asks.add_argument(
        "--no-provisional", action="store_true", help="a provisional level does not count as reached"
    )
    return made


def seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 86_400:
        raise ValueError(text)
    return value


def main(arguments: Optional[List[str]] = None) -> int:
    """The exit code."""
    made = parser()
    options = made.parse_args(arguments)
    if options.command is None:
        made.error("say push or check")
    try:
        return push(options) if options.command == "push" else check(options)
    except Stop as stop:
        note(f"mlops-portal-push: {stop}")
        return stop.code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
