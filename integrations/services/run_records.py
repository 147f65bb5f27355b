"""What a collection's record says of it: how it came out, what it brought, what waits and what changed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assessments.pooling import COULD_NOT_READ
from assessments.services.measurements import Observed, Taken
from assessments.vocabulary import Reason
from integrations.connectors.base import Collected
from integrations.connectors.http import Failure
from integrations.models import Collection

# Not told about something is the team's choice; the rest is worth a look.
_NOT_READ = COULD_NOT_READ - {Reason.NOT_CONFIGURED}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a source was not read. `reason` is empty where nothing may be said of its signals: the fault is ours.

    `is_shared`: what is unreachable for one team is unreachable for all, so the others are not asked.
    """

    failure: str
    message: str
    reason: str = ""
    retry_at: datetime | None = None
    can_retry: bool = False
    is_shared: bool = True
    # It did not answer at once: nothing is said of it before it was asked with the usual patience.
    is_silent: bool = False


def remarks_of(taken: Taken, run: Collection) -> list[str]:
    """What the run record says of values that wait for a person, and of verdicts that did not wait for a second day."""
    remarks = []
    if taken.held:
        dropped = [f"{held.signal} ({_plain(held.before)}, now {_plain(held.now)})" for held in taken.held]
        remarks.append(
            f"Held until somebody says that it is right, since a count fell by more than half: {', '.join(dropped[:20])}. "
            "What was read before stands and ages."
        )
    if taken.overturned and run.trigger != Collection.Trigger.SCHEDULE:
        remarks.append(
            "Changed at once, because a person asked for this collection; the schedule waits for a second reading on another "
            f"day: {', '.join(taken.overturned[:20])}."
        )
    return remarks


def _plain(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def sum_up(
    run: Collection,
    items: Sequence[Observed],
    results: Sequence[tuple[str, str]],
    collected: Collected,
    problem: Problem | None,
) -> None:
    """Fills the record: counts, notes and how it came out."""
    run.known_count = sum(item.value is not None for item in items)
    run.unknown_count = len(items) - run.known_count
    run.stored_count = sum(status == "stored" for status, _ in results)
    rejected = [why for status, why in results if status in {"rejected", "conflict"}]
    unread = sorted({item.reason for item in items if item.reason in _NOT_READ})
    run.notes = [*run.notes, *collected.notes[:50], *(f"Not taken: {why}" for why in rejected[:20])]
    if problem is not None:
        is_put_off = problem.failure == Failure.RATE_LIMITED
        run.outcome, run.failure, run.message = (
            Collection.Outcome.THROTTLED if is_put_off else Collection.Outcome.FAILED,
            problem.failure,
            problem.message[:500],
        )
    elif rejected or unread:
        run.outcome = Collection.Outcome.PARTIAL
        count = sum(item.reason in _NOT_READ for item in items)
        run.message = (
            f"{count} of {len(items)} signals could not be read ({', '.join(unread)})." if unread else ""
        )
        run.message += f" {len(rejected)} were not taken." if rejected else ""
        run.message = run.message.strip()
    else:
        run.outcome = Collection.Outcome.OK
