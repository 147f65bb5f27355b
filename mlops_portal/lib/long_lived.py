"""A process that serves or works for days: what it loaded at its start stays until its end."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """Garbage collection passes over everything that is there now. To be called once, when a process is ready.

    Looking through it again and again costs a large answer a tenth of its time and a batch of 5,000 measurements a third.
    """
    gc.collect()
    gc.freeze()
