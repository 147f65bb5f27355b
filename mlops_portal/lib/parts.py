"""What the shared templates show: plain frozen values with defaults, one class for each component that has parts.

Views fill them; `mlops_portal/templatetags/portal.py` draws them. A default stands for "there is none", so that no template
ever meets an undefined variable.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Meta:
    """One small pair under a page's head."""

    label: str
    value: str | int | date | datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """One measured value in a line. `unknown` is the reason in words; then `value` is empty. `history_url`: all its readings."""

    what: str
    value: str = ""
    unknown: str = ""
    sample: str = ""
    window: str = ""
    at: datetime | date | None = None
    source: str = ""
    url: str = ""
    history_url: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one criterion came out: `outcome` is yes, no, unknown, na, disputed or open.

    `is_claim` draws a yes that nothing confirms in a softer tone.
    """

    outcome: str
    text: str
    notes: Sequence[str] = ()
    is_claim: bool = False
    url: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A chip. `form` is link, file or note; `state` is empty, expired or rejected."""

    title: str
    url: str = ""
    form: str = "link"
    until: date | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    by: str
    at: datetime
    text: str
    is_resolved: bool = False
    resolve_url: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else saved first. Nothing is overwritten: the person chooses by sending one of the two forms.

    `save_url` takes `name` = answer and `version_name` = the current row version.
    """

    by: str
    at: datetime
    theirs: str
    yours: str
    theirs_value: str
    yours_value: str
    save_url: str
    name: str
    version_name: str
    version: int
    discuss_url: str = ""

    def _values(self, answer: str) -> str:
        return json.dumps({self.name: answer, self.version_name: self.version})

    @property
    def theirs_vals(self) -> str:
        """What "Keep theirs" sends, as JSON for hx-vals."""
        return self._values(self.theirs_value)

    @property
    def yours_vals(self) -> str:
        """What "Use mine" sends."""
        return self._values(self.yours_value)


@dataclass(frozen=True, slots=True)
class Ask:
    """One criterion with its four answers as radios. `slug` makes the ids and the names of the fields.

    The form sends answer-<slug> (yes, no, unknown, na or nothing), reason-<slug> and version-<slug>. With `save_url` each
    change is sent by htmx and the answer replaces the whole group, which has the id ask-<slug>.
    """

    slug: str
    question: str
    value: str = ""
    help: str = ""
    reason: str = ""
    na_allowed: bool = False
    version: int | None = None
    save_url: str = ""
    saved_at: datetime | None = None
    is_locked: bool = False
    error: str = ""
    evidence: Sequence[Evidence] = ()
    evidence_url: str = ""
    facts: Sequence[Fact] = ()
    disputed: str = ""
    conflict: Conflict | None = None

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Value and label of each radio. An answer that was given stays on show, also where it is no longer offered."""
        offered = (("yes", "Yes"), ("no", "No"), ("unknown", "We do not know"))
        return (*offered, ("na", "Does not apply")) if self.na_allowed or self.value == "na" else offered


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of a ladder. `state` is met, at (the reached one), next or open."""

    level: int
    text: str
    state: str = "open"
    note: str = ""
    badges: Sequence[str] = ()
    asks: Sequence[Ask] = ()
    verdicts: Sequence[Verdict] = ()
    fill_name: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One line of a task list. `state` is done, doing, todo or blocked."""

    label: str
    url: str = ""
    state: str = "todo"
    done: int | None = None
    total: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`sort` is empty, ascending or descending; a column with `sort_url` can be sorted by its link."""

    label: str
    is_number: bool = False
    sort_url: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`indent` stands before the header, outside of its link."""

    header: str
    cells: Sequence[str | int | float | date | None]
    url: str = ""
    indent: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One stop of a stepper; without `url` and not current it cannot be taken."""

    label: str
    url: str = ""
    is_current: bool = False
