"""Answers that are kept with their ETag, so that the host may answer "unchanged" without it counting as a request. Pure.

Only questions that a connector opts in for are kept (`Http.get(..., is_kept=True)`): answers about repositories, files,
workflows, branches and rules, never those about people. The database's answers are in `integrations/services/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """`data` is the decoded JSON that came under `etag`, `link` the Link header beside it."""

    etag: str
    data: Any
    link: str = ""


class KeptAnswers(ABC):
    """What one connection was told under its present credential."""

    @abstractmethod
    def find(self, url: str, accept: str) -> KeptAnswer | None:
        """The answer to that very question, None where none is kept."""

    @abstractmethod
    def keep(self, url: str, accept: str, answer: KeptAnswer) -> None:
        """Keeps it in place of an older one; one that is too large is not kept."""
