"""Take the demo away: its units and teams with all that hangs on them, its people, its connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction

from assessments.models import Assessment, Evidence, Measurement, Reading, Snapshot
from integrations.models import Collection, Connection, Source
from mlops_portal.demo.names import ROOT_SLUG
from mlops_portal.demo.seed import REMOVED, SEEDED
from teams.models import Event, Team, Unit, User
from teams.services.events import event_of

TEAMS_AT_ONCE = 100
# What points at a team and would not go with it, in the order in which it can go. A test holds this against the models.
BEFORE_TEAMS = (
    (Collection.objects, "source__team__in"),
    (Source.objects, "team__in"),
    (Reading.objects, "team__in"),
    (Measurement.objects, "team__in"),
    (Snapshot.objects, "assessment__team__in"),
    (Assessment.objects, "team__in"),
    (Evidence.objects, "team__in"),
)


class NoDemo(Exception):
    """There is no demo organisation. Nothing changed."""

    def __init__(self) -> None:
        super().__init__("There is no demo here. Nothing was removed.")


@dataclass(frozen=True, slots=True)
class Removed:
    units: int
    teams: int
    people: int


def has_demo() -> bool:
    """Whether there is anything that `remove_demo` would take away."""
    return Unit.objects.filter(slug=ROOT_SLUG).exists() or User.objects.filter(is_demo=True).exists()


def what_goes() -> Removed:
    """What `remove_demo` would take now: all below the demo's root, whoever made it, and the people of the demo."""
    root = Unit.objects.filter(slug=ROOT_SLUG).first()
    return Removed(
        units=0 if root is None else Unit.objects.filter(path__startswith=root.path).count(),
        teams=0 if root is None else Team.objects.under(root).count(),
        people=User.objects.filter(is_demo=True).count(),
    )


def remove_demo(*, at: datetime, by: User | None = None) -> Removed:
    """What went. People who are not of the demo stay, without the roles that they had in it. Raises NoDemo.

    `by` may be a demo person: the log then names them, and they are gone with the rest.
    """
    with transaction.atomic():
        if not has_demo():
            raise NoDemo
        root = Unit.objects.select_for_update().filter(slug=ROOT_SLUG).first()
        units = 0 if root is None else Unit.objects.filter(path__startswith=root.path).count()
        actor_name = str(by) if by is not None else ""
        connections = _connections()
        teams = 0 if root is None else _remove_teams(root)
        Collection.objects.filter(connection__in=connections).delete()
        Source.objects.filter(connection__in=connections).delete()
        Connection.objects.filter(pk__in=connections).delete()
        if root is not None:
            Event.objects.filter(unit__path__startswith=root.path).delete()
            root.delete()
        demo_people = User.objects.filter(is_demo=True)
        Event.objects.filter(actor__in=demo_people).delete()
        people = demo_people.count()
        demo_people.delete()
        Event.objects.filter(action=SEEDED).delete()
        removed = Removed(units, teams, people)
        event = event_of(
            at=at,
            by=by if by is not None and not by.is_demo else None,
            actor_name=actor_name,
            action=REMOVED,
            obj=Unit(slug=ROOT_SLUG),
            after={"units": units, "teams": teams, "people": people},
        )
        # What it is about is gone; the log keeps its kind.
        event.unit_id, event.object_id = None, ROOT_SLUG
        event.save(force_insert=True)
    return removed


def _connections() -> list[int]:
    """The connections that came with the demo; those that somebody added to it lead to a real system and stay."""
    seeded = Event.objects.filter(action=SEEDED).order_by("-at").first()
    return list(seeded.after["connections"]) if seeded is not None else []


def _remove_teams(root: Unit) -> int:
    ids = list(Team.objects.under(root).order_by("pk").values_list("pk", flat=True))
    for some in _batches(ids):
        for rows, path in BEFORE_TEAMS:
            rows.filter(**{path: some}).delete()
        Event.objects.filter(team__in=some).delete()
        Team.objects.filter(pk__in=some).delete()
    return len(ids)


def _batches(ids: list[int]) -> Iterator[list[int]]:
    remaining = iter(ids)
    while some := list(islice(remaining, TEAMS_AT_ONCE)):
        yield some
