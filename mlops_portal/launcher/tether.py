"""Runs a command that ends when the launcher ends, however the launcher ends: `tether.py PID SIGNAL COMMAND...`.

A program of its own, because what the kernel must be told has to be told between fork and exec, and Python code there is
not safe while other threads run. Started isolated, without site packages: about 10 ms. Imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Never returns: becomes the command, or exits when the launcher is gone already."""
    launcher, death_signal, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    # The launcher may have died before the kernel was told.
    if os.getppid() != launcher:
        sys.exit(0)
    os.execvp(command[0], command)  # noqa: S606 -- the command comes from launcher/children.py


if __name__ == "__main__":
    main(sys.argv[1:])
