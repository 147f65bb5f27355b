"""The five people of the demo, one per job. They have no password: on a loopback address a click signs them in.

What the sign-in page says of each job stands in `teams.queries.people`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPerson:
    username: str
    full_name: str


# In this order and before everybody else of the demo: of several with a role, the sign-in page takes the first.
DEMO_PEOPLE = (
    DemoPerson("demo-lead", "Lena Hartmann"),
    DemoPerson("demo-manager", "Mateo Ruiz"),
    DemoPerson("demo-platform", "Priya Raman"),
    DemoPerson("demo-integrator", "Ida Lindqvist"),
    DemoPerson("demo-admin", "Adaeze Obi"),
)
DEMO_USERNAMES = tuple(person.username for person in DEMO_PEOPLE)
