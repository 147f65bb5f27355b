"""How the supervisor hurries: a second Ctrl-C ends at once, a signal that merely arrives twice does not."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from mlops_portal.launcher import supervisor as supervising
from mlops_portal.launcher.children import ChildPlan
from mlops_portal.launcher.output import Output
from mlops_portal.launcher.supervisor import Supervisor
from tests.portal.launched import wait_until

pytestmark = pytest.mark.slow
LINGERS = """
import signal, sys, time
def leave(*_):
    time.sleep({seconds})
    print("left by itself", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
while True:
    time.sleep(60)
"""


def _stopped(folder: Path, *, seconds: float, signals: tuple[signal.Signals, ...]) -> str:
    """What was said when a child that takes `seconds` to leave is stopped by `signals`."""
    said = io.StringIO()
    plan = ChildPlan("child", (sys.executable, "-c", LINGERS.format(seconds=seconds)), signal.SIGKILL)
    with Supervisor(Output(said), folder) as supervisor:
        supervisor.start([plan], os.environ)
        wait_until(lambda: "ready" in said.getvalue(), "the child")
        for number in signals:
            os.kill(os.getpid(), number)
        assert supervisor.is_stopping
    return said.getvalue()


def test_a_signal_that_arrives_twice_lets_the_children_leave_by_themselves(tmp_path: Path) -> None:
    said = _stopped(tmp_path, seconds=0.3, signals=(signal.SIGTERM, signal.SIGTERM))
    assert "left by itself" in said
    assert "did not stop in time" not in said


def test_a_second_ctrl_c_ends_a_stubborn_child_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "GRACE", 60.0)
    began = time.monotonic()
    said = _stopped(tmp_path, seconds=120, signals=(signal.SIGINT, signal.SIGINT))
    assert "portal | child did not stop in time; ending it" in said
    assert time.monotonic() - began < 30
