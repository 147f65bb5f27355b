"""The start of a process that makes teams: Django first, then what every chunk of teams needs. Imports no model."""

from __future__ import annotations

import gc
import pickle
from typing import Any

import django

_given: list[Any] = []


def begin(pickled: bytes) -> None:
    """Keep what `pickled` holds. In bytes, for models can be unpickled only once Django is set up."""
    django.setup()
    # Nothing here goes in circles; looking for what does takes a fifth of the time.
    gc.disable()
    _given.append(pickle.loads(pickled))  # noqa: S301 -- made by the process that started this one


def given() -> Any:
    """What `begin` was given."""
    return _given[0]
