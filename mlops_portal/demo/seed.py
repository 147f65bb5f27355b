"""Make the demo organisation: of any size, and the same one for the same numbers on the same day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction

from assessments.models import MaturityModel
from assessments.services.catalog import ensure_shipped_model
from assessments.services.submission import start_assessment
from mlops_portal.demo.connections import make_connections
from mlops_portal.demo.organisation import Organisation, make_organisation
from mlops_portal.demo.plots import Window
from mlops_portal.demo.rows import Keys, Teller, write
from mlops_portal.demo.signals import family
from mlops_portal.demo.told import Order, Told, shape_of, tell_all
from mlops_portal.demo.units import UnitBook
from teams.models import Event, Team, Unit, User
from teams.services.events import record_event

TEAMS_AT_ONCE = 200
SEEDED = "demo.seed"
REMOVED = "demo.remove"


class DatabaseNotEmpty(Exception):
    """There are units, teams or people already. Nothing was made."""

    def __init__(self) -> None:
        super().__init__(
            "The database has units, teams or people already. Seed an empty one (another PORTAL_DATA_DIR or DATABASE_URL), "
            "or remove the demo first: manage.py remove_demo."
        )


class TooFew(Exception):
    """A size that makes no organisation."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much to make; `teams` is the total (RULINGS 20)."""

    units: int = 3
    teams: int = 12
    weeks: int = 26
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("units", "teams", "weeks"):
            if getattr(self, name) < 1:
                raise TooFew(f"--{name} must be at least 1.")


def ensure_demo(*, at: datetime) -> bool:
    """Make the demo of the first start; False when there is anything, or was a demo before."""
    if not _is_empty() or Event.objects.filter(action=REMOVED).exists():
        return False
    seed_demo(size=Size(), at=at)
    return True


def seed_demo(*, size: Size, at: datetime, tell: Callable[[int], None] = lambda _done: None) -> None:
    """Fill an empty database. `tell` hears how many teams are done. Raises DatabaseNotEmpty, and stores nothing then."""
    if not _is_empty():
        raise DatabaseNotEmpty
    with transaction.atomic():
        maturity_model = MaturityModel.objects.get(pk=ensure_shipped_model(at=at).pk)
        order = Order(maturity_model.content.encode("utf-8"), Window(size.weeks, at.date()), size.seed)
        shapes = [shape_of(order, index) for index in range(size.teams)]
        organisation = make_organisation(
            units=size.units, flags=[shape.flags for shape in shapes], window=order.window, at=at
        )
        sources = make_connections(
            organisation,
            [shape.story for shape in shapes],
            [frozenset(family(signal) for signal in shape.signals) for shape in shapes],
            at=at,
        )
        _write_teams(order, organisation, Keys(maturity_model, sources, at), tell)
        start_assessment(team=organisation.teams[0], by=organisation.leads[0], at=at)
        record_event(
            at=at,
            by=None,
            action=SEEDED,
            obj=organisation.root,
            after={
                "units": size.units,
                "teams": size.teams,
                "weeks": size.weeks,
                "seed": size.seed,
                "connections": [one.pk for one in (sources.github, sources.mlflow, sources.refused)],
            },
        )


def _write_teams(order: Order, organisation: Organisation, keys: Keys, tell: Callable[[int], None]) -> None:
    book = UnitBook(order.window)
    total = len(organisation.teams)
    for batch in _batches(tell_all(order, range(total), total=total)):
        for told in batch:
            book.enter(told, organisation.paths[told.index])
        write(
            keys,
            [
                Teller(told, organisation.teams[told.index], organisation.lead_of(told.index))
                for told in batch
            ],
        )
        tell(batch[-1].index + 1)
    book.write(keys.maturity_model)


def _batches(told: Iterable[Told]) -> Iterator[list[Told]]:
    remaining = iter(told)
    while batch := list(islice(remaining, TEAMS_AT_ONCE)):
        yield batch


def _is_empty() -> bool:
    return not (Unit.objects.exists() or Team.objects.exists() or User.objects.exists())
