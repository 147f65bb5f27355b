"""Make the demo organisation: of any size, and the same one for the same numbers on the same day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from assessments.models import MaturityModel, UnitWeek
from assessments.queries import catalog
from assessments.services.catalog import ensure_shipped_model
from assessments.services.submission import start_assessment
from mlops_portal.demo.bulk import continue_keys_after, pack, store, values_of
from mlops_portal.demo.connections import Sources, make_connections
from mlops_portal.demo.making import Asked, make_all
from mlops_portal.demo.organisation import Organisation, make_organisation
from mlops_portal.demo.plots import Window
from mlops_portal.demo.rows import KEYED, Keys
from mlops_portal.demo.signals import family
from mlops_portal.demo.told import Order, shape_of
from mlops_portal.demo.traces import make_traces
from mlops_portal.demo.units import UnitBook
from teams.models import Event, Team, Unit, User
from teams.services.events import record_event

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
        _write_teams(order, organisation, _keys(maturity_model, sources, at), tell)
        make_traces(sources, at=at)
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
    asked = [Asked(index, team, organisation.lead_of(index)) for index, team in enumerate(organisation.teams)]
    for made in make_all(order, keys, asked):
        for packed in made.packed:
            store(packed)
        for index, seats in made.seats:
            book.enter(seats, organisation.paths[index])
        tell(made.seats[-1][0] + 1)
    continue_keys_after(KEYED)
    for rows in book.rows(keys.maturity_model):
        store(pack(UnitWeek, [values_of(row) for row in rows]))


def _keys(maturity_model: MaturityModel, sources: Sources, at: datetime) -> Keys:
    file = catalog.model_file(maturity_model)
    return Keys(
        maturity_model=maturity_model,
        plan=catalog.plan(maturity_model),
        ids=catalog.rows(maturity_model),
        signals={c.id: c.auto.signals[0] for c in file.criteria() if c.auto is not None},
        sources=sources,
        at=at,
    )


def _is_empty() -> bool:
    return not (Unit.objects.exists() or Team.objects.exists() or User.objects.exists())
