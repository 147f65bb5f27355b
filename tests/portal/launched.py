"""A portal as people start it: real processes, a data folder and a port of their own; and a browser's manners over HTTP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx2

from tests.services.servers import free_port

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
# Generous: a busy machine is not a failure. What must be quick says so in its own test.
PATIENCE = 120.0
UP = (sys.executable, "manage.py", "up")
# What the developer's shell may hold and a test must not see.
OURS = ("PORTAL_", "DATABASE_URL", "REDIS_URL", "HOST", "PORT", "DEMO", "NO_COLOR", "CI")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment of a stranger's shell, with `more` on top."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PYTHONUNBUFFERED": "1", "PORTAL_PASSWORD_HASHERS": MD5, **more}


# By what a child's command line is known.
WORDS = {"web": "granian", "worker": " worker ", "beat": " beat ", "broker": "-server"}
MD5 = "django.contrib.auth.hashers.MD5PasswordHasher"


def wait_until(condition: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """The first true value of `condition`. Raises AssertionError with `what` when none came in time."""
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, f"Waited {seconds:g} s in vain: {what}"
        time.sleep(0.05)


def processes() -> dict[int, tuple[int, str]]:
    """pid -> (parent, command line) of everything that runs here, zombies left out."""
    if Path("/proc/self/stat").exists():
        found = (_from_proc(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return {row[0]: row[1:] for row in found if row is not None}
    command = ["ps", "-axo", "pid=,ppid=,stat=,command="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 3) for line in listing.splitlines()]
    return {int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and row[2][0] != "Z"}


def _from_proc(entry: Path) -> tuple[int, int, str] | None:
    """One process of Linux, without `ps`, which a bare machine may lack; None when it has just gone."""
    try:
        # The name in brackets may hold anything, brackets too.
        state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        command = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return None
    return None if state == "Z" else (int(entry.name), int(parent), command)


def descendants(pid: int) -> set[int]:
    """Every process below `pid`, at any depth."""
    table = processes()
    found: set[int] = set()
    border = {pid}
    while border:
        border = {child for child, (parent, _) in table.items() if parent in border} - found
        found |= border
    return found


class Portal:
    """One run of the launcher in a process group of its own, as a terminal has it."""

    def __init__(self, folder: Path, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = int(environment.get("PORT") or free_port())
        self.host = environment.get("HOST", "127.0.0.1")
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(
                **{"PORTAL_DATA_DIR": str(folder), "PORT": str(self.port), "DEMO": "0", **environment}
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def wait_for(self, words: str) -> str:
        """The first line with these words."""
        return wait_until(lambda: self._line_with(words), f"a line with {words!r} in:\n{self.said}")

    def _line_with(self, words: str) -> str:
        found = next((line for line in self.lines if words in line), "")
        assert found or self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said}"
        return found

    def wait_ready(self) -> float:
        """Seconds from the start until it said that it serves."""
        self.wait_for("MLOps Portal is ready")
        seconds = time.monotonic() - self.began
        # The last of the lines that come with it.
        self.wait_for("Ctrl-C stops everything.")
        return seconds

    def children(self) -> dict[str, int]:
        """pid of each child by name."""
        found: dict[str, int] = {}
        table = processes()
        for pid in sorted(descendants(self.process.pid) & table.keys(), reverse=True):
            for name, word in WORDS.items():
                if word in table[pid][1]:
                    # Of several of a name the oldest stays: granian has a child of its own.
                    found[name] = pid
        return found

    def send(self, number: signal.Signals) -> None:
        """To the whole group, as a terminal does it."""
        os.killpg(self.process.pid, number)

    def ended(self) -> int:
        """The exit code, once it is there."""
        code = self.process.wait(PATIENCE)
        self.close()
        return code

    def close(self) -> None:
        """Reads what is left of its output."""
        assert self.process.stdout is not None
        self._reader.join(PATIENCE)
        self.process.stdout.close()

    def stop(self, number: signal.Signals = signal.SIGINT) -> set[int]:
        """Stops it; what still runs of its processes."""
        below = descendants(self.process.pid)
        assert below, "there was nothing to stop"
        self.send(number)
        self.ended()
        return below & processes().keys()


@contextmanager
def portal(
    folder: Path, environment: Mapping[str, str] | None = None, *, command: tuple[str, ...] = UP
) -> Iterator[Portal]:
    """A portal that is starting. Whatever the test leaves of it is ended."""
    running = Portal(folder, command, environment or {})
    below: set[int] = set()
    try:
        yield running
    finally:
        below = descendants(running.process.pid)
        if running.process.poll() is None:
            running.send(signal.SIGTERM)
            try:
                running.process.wait(30)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()
        for pid in below & processes().keys():
            os.kill(pid, signal.SIGKILL)
        running.close()


def manage(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, code: int = 0) -> str:
    """What `manage.py` printed, both streams. Fails when it ends with another exit code."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=clean_environment(PORTAL_DATA_DIR=str(folder), **(environment or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


class Visitor:
    """A browser without JavaScript: keeps cookies, sends the token of the page it is on."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.http = httpx2.Client(base_url=url, timeout=60, headers=dict(headers or {}), trust_env=False)
        self.page = ""

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str) -> httpx2.Response:
        answer = self.http.get(path)
        self.page = answer.text
        return answer

    def post(self, path: str, data: Mapping[str, str], **headers: str) -> httpx2.Response:
        """Posts a form of the page that was asked for last."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        assert token is not None, "the page has no form"
        return self.http.post(path, data={"csrfmiddlewaretoken": token[1], **data}, headers=headers)

    def sign_in_as(self, person: str) -> None:
        """One click in the demo."""
        self.get("/account/login/")
        answer = self.post("/demo/sign-in/", {"person": person})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/"), answer.text[:500]


@contextmanager
def taken_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])
