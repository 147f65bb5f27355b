"""The five people of the demo, one per job. They have no password: on a loopback address a click signs them in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """`sees` is the sentence of the sign-in page."""

    username: str
    full_name: str
    job: str
    sees: str


DEMO_PEOPLE = (
    DemoPerson(
        "demo-lead",
        "Lena Hartmann",
        "Team lead",
        "Answers for one team: its assessment, its evidence, why its numbers are what they are.",
    ),
    DemoPerson(
        "demo-manager",
        "Mateo Ruiz",
        "Manager",
        "Sees every team of one unit on the heatmap, how it moves, and who holds what back.",
    ),
    DemoPerson(
        "demo-platform",
        "Priya Raman",
        "Platform engineer",
        "Connects CI and MLflow, maps projects to teams, sees what could not be read and why.",
    ),
    DemoPerson(
        "demo-integrator",
        "Ida Lindqvist",
        "Integrator",
        "Reads the same numbers over the REST API and pushes measurements for one team.",
    ),
    DemoPerson(
        "demo-admin",
        "Adaeze Obi",
        "Organisation administrator",
        "Makes units, teams and people, and loads maturity models.",
    ),
)
DEMO_USERNAMES = tuple(person.username for person in DEMO_PEOPLE)
