"""Serves the one script that plotly's own package carries, so Python and JavaScript always agree."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

# An allow-list: nothing else of the package becomes public.
SERVED = {"plotly/plotly.min.js": "plotly.min.js"}


class _Renamed(FileSystemStorage):
    """plotly's package_data under the public name plotly/plotly.min.js."""

    def path(self, name: str) -> str:
        return super().path(SERVED[name])


class PlotlyFinder(BaseFinder):
    """Finds plotly/plotly.min.js inside the installed package, without importing it (slow)."""

    def __init__(self) -> None:
        spec = find_spec("plotly")
        assert spec is not None, "plotly is a dependency"
        assert spec.origin is not None
        self.storage = _Renamed(location=Path(spec.origin).parent / "package_data")

    def check(self, **_: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        found = self.storage.path(path) if path in SERVED else ""
        if find_all:
            return [found] if found else []
        return found or None

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        yield from ((name, self.storage) for name in SERVED)
