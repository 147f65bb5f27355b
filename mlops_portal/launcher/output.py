"""What the launcher and its children say, line by line, each with the name of who says it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import IO, TextIO

WIDTH = 6
COLOURS = {"web": 36, "worker": 33, "beat": 35, "broker": 34, "portal": 32}


class Output:
    """Writes whole lines, one at a time, whoever speaks. Coloured on a terminal unless NO_COLOR is set."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._lock = threading.Lock()
        self.is_coloured = self._stream.isatty() and not os.environ.get("NO_COLOR")

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:<{WIDTH}} |"
        if self.is_coloured:
            prefix = f"\033[{COLOURS.get(name, 37)}m{prefix}\033[0m"
        # Whoever read the output may have gone; that is no reason to stop serving.
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            self._stream.write(f"{prefix} {text}\n")
            self._stream.flush()

    def follow(self, name: str, pipe: IO[bytes]) -> threading.Thread:
        """Print what comes out of `pipe` until it closes, from a thread of its own."""
        thread = threading.Thread(target=self._pump, args=(name, pipe), name=f"log-{name}", daemon=True)
        thread.start()
        return thread

    def _pump(self, name: str, pipe: IO[bytes]) -> None:
        with pipe:
            for raw in pipe:
                text = raw.decode("utf-8", "replace").rstrip()
                if text:
                    self.line(name, text)
