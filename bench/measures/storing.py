"""Storing measurements through our own code, beside the quickest way that PostgreSQL offers (P16)."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Figure, exact, ratio
from bench.places import Place
from bench.run import Plan

STORE = ratio("P16", "storing measurements / COPY with ON CONFLICT", 0.5, at_most=False)
AGAIN = exact("P16", "rows that an unchanged second run writes", 0)
# A batch as PERFORMANCE wants it: 1,000 to 5,000 rows in one transaction.
ITEMS = 5000


def storing(place: Place, plan: Plan) -> Iterator[Figure]:
    """P16; changes the place, so it comes last."""
    if not place.is_postgres:
        yield Figure(STORE, None, "needs PostgreSQL")
        return
    found = place.inside("storing", teams=plan.stored_teams, items=ITEMS)
    note = f"{found['ours']:,.0f} / {found['copy']:,.0f} rows a second, {ITEMS} of a team at once"
    yield Figure(STORE, found["ours"] / found["copy"], note)
    yield Figure(AGAIN, found["again"])
