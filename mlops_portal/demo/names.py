"""What the made-up organisation is called. Names of 120 characters and outside ASCII are there on purpose."""

from __future__ import annotations

LONGEST_NAME = 120

ORGANISATION = "Nordhafen Group (demo)"
ROOT_SLUG = "demo"

UNITS = (
    "Commerce",
    "Logistik & Lager",
    "Risk and Payments",
    "Données et décisions",
    "Manufacturing",
    "Kundenservice",
    "Energie en netten",
    "Zdrowie",
    "Marketing",
    "Обслуживание",
)

TEAMS = (
    "Demand forecast",
    "Fraud screening",
    "Kreditrisiko",
    "Texterkennung für Lieferscheine",
    "Search ranking",
    "Détection d'anomalies",
    "Route planning",
    "Návrh cen",
    "推荐系统",
    "Predictive maintenance",
    "Támogatás és osztályozás",
    "Customer churn",
    "Bildprüfung Linie 3",
    "Lead scoring",
    "الترجمة",
    "Energy load",
    "Παραλαβές",
    "Returns triage",
    "Σύσταση περιεχομένου",
    "Warehouse vision",
)
A_LONG_NAME = (
    "Forecasting of replenishment quantities for all warehouses, outlets and partners in "
    "Central, Northern and Eastern Europe"
)

PEOPLE = (
    "Amara Okafor",
    "Björn Ångström",
    "Chidi Nwosu",
    "Dagný Jónsdóttir",
    "Élodie Lefèvre",
    "Fatima Zahra El Amrani",
    "Goran Petrović",
    "Hana Suzuki",
    "Ines Carvalho",
    "Jürgen Weiß",
    "Kateřina Dvořáková",
    "Łukasz Wójcik",
)


def unit_name(index: int) -> str:
    """A name per unit; numbered once the list is used up."""
    return _numbered(UNITS, index)


def team_name(index: int) -> str:
    """A name per team, 120 characters at most; every twenty-third uses all of them."""
    if index % 23 == 9:
        number = f" {index + 1}" if index >= 23 else ""
        return A_LONG_NAME[: LONGEST_NAME - len(number)] + number
    return _numbered(TEAMS, index)


def person_name(index: int) -> str:
    return _numbered(PEOPLE, index)


def _numbered(names: tuple[str, ...], index: int) -> str:
    turn, place = divmod(index, len(names))
    return names[place] if turn == 0 else f"{names[place]} {turn + 1}"
