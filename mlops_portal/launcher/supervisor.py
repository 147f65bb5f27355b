"""Starts the children, restarts one that dies, stops all of them. No child outlives the launcher."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType

from mlops_portal.launcher.children import ChildPlan
from mlops_portal.launcher.output import Output

TETHER = Path(__file__).with_name("tether.py")
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
# A child that ran this long is taken to have started well; its next death is a first one again.
STEADY_AFTER = 20.0
GRACE = 5.0
TICK = 1.0
STARTING_TICK = 0.05
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Child:
    """One process over its restarts."""

    def __init__(self, plan: ChildPlan, environment: Mapping[str, str], folder: Path) -> None:
        self.plan = plan
        self._environment = dict(environment)
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.restart_at: float | None = None
        self._deaths = 0

    def start(self, output: Output) -> None:
        """Start it in a session of its own, so that a terminal's Ctrl-C reaches it through the launcher alone."""
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(self.plan.death_signal))]
        self.process = subprocess.Popen(  # noqa: S603 -- commands of children.py
            [*tether, *self.plan.command],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started_at = time.monotonic()
        self.restart_at = None
        assert self.process.stdout is not None
        output.follow(self.plan.name, self.process.stdout)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_death(self, now: float) -> float:
        """Seconds to wait before the next start: twice as long after each early death."""
        self._deaths = 1 if now - self.started_at > STEADY_AFTER else self._deaths + 1
        delay: float = min(FIRST_DELAY * 2 ** (self._deaths - 1), LONGEST_DELAY)
        self.restart_at = now + delay
        return delay

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """End the process and whatever it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    def __init__(self, output: Output, folder: Path) -> None:
        self._output = output
        self._folder = folder
        self._children: list[Child] = []
        self._is_stopping = False
        self._is_hurried = False
        self._wakes = os.pipe()
        self._before: dict[int, object] = {}

    def __enter__(self) -> Supervisor:
        for end in self._wakes:
            os.set_blocking(end, False)
        # A byte in the pipe wakes `select`; locks and events are not safe inside a signal handler.
        signal.set_wakeup_fd(self._wakes[1])
        for number in STOP_SIGNALS:
            self._before[number] = signal.signal(number, self._note_stop)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        for end in self._wakes:
            os.close(end)

    def _note_stop(self, number: int, _frame: FrameType | None) -> None:
        # Only a second Ctrl-C hurries: one SIGTERM to a group arrives twice, from its sender and passed on by dev.py.
        self._is_hurried |= self._is_stopping and number == signal.SIGINT
        self._is_stopping = True

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked to stop."""
        return self._is_stopping

    def start(self, plans: Iterable[ChildPlan], environment: Mapping[str, str]) -> None:
        for plan in plans:
            child = Child(plan, environment, self._folder)
            self._children.append(child)
            child.start(self._output)

    def run(self, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Watch until asked to stop; `on_ready` is called once, when `is_ready` first says so."""
        ready = False
        while not self.is_stopping:
            self._restart_the_dead()
            if not ready and is_ready():
                ready = True
                on_ready()
            self.wait(TICK if ready else STARTING_TICK)

    def wait(self, seconds: float) -> None:
        """Sleep, but wake for a signal or the death of a child."""
        select.select([self._wakes[0]], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakes[0], 4096)

    def _restart_the_dead(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.is_running:
                continue
            if child.restart_at is None:
                assert child.process is not None
                delay = child.note_death(now)
                ended = _how(child.process.returncode)
                child.kill_group()
                self._output.line(
                    "portal", f"{child.plan.name} stopped ({ended}); starting it again in {delay:g} s"
                )
            elif now >= child.restart_at:
                child.start(self._output)

    def stop(self) -> None:
        """Stop every child: gently, then by force after a few seconds or a second Ctrl-C."""
        for group in (False, True):
            children = [child for child in self._children if child.plan.stops_last is group]
            for child in children:
                child.signal(signal.SIGTERM)
            deadline = time.monotonic() + GRACE
            while any(child.is_running for child in children):
                if time.monotonic() > deadline or self._is_hurried:
                    break
                self.wait(0.05)
            for child in children:
                if child.is_running:
                    self._output.line("portal", f"{child.plan.name} did not stop in time; ending it")
                child.kill_group()
        self._children.clear()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name
