"""Who may do what: roles, actions and how far each reaches. Pure; the rows stand in `authz_matrix.csv` beside this file.

A cell names a reach, then conditions: `published` (published results only), `assigned` (reviewers assigned to that very
assessment), `other_team` (nobody reviews the team that they are in), `own_when_review_off`, `viewer_only`,
`connections_only` (the log of connections), `on_by_default` and `off_by_default` (what an organisation may change).
Source of the rows: spec SECURITY C6, with RULINGS 12.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path


class Role(IntEnum):
    """Spaced, so that a role can be put between two others. The order says nothing about rights."""

    VIEWER = 10
    MEMBER = 20
    LEAD = 30
    MANAGER = 40
    PLATFORM = 50
    ADMIN = 60


TEAM_ROLES = frozenset({Role.MEMBER, Role.LEAD})
UNIT_ROLES = frozenset({Role.VIEWER, Role.MANAGER, Role.PLATFORM, Role.ADMIN})
# These reach over the whole organisation, so they are granted on the root unit only.
ROOT_ROLES = frozenset({Role.PLATFORM, Role.ADMIN})

_COLUMNS = {
    "VW": Role.VIEWER,
    "TM": Role.MEMBER,
    "TL": Role.LEAD,
    "UM": Role.MANAGER,
    "CA": Role.PLATFORM,
    "OA": Role.ADMIN,
}


class Reach(StrEnum):
    """How far a right goes from where the role was granted."""

    ORGANISATION = "O"
    UNIT = "U"
    TEAM = "T"
    SELF = "S"
    NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Right:
    reach: Reach
    conditions: frozenset[str] = frozenset()

    @property
    def is_given(self) -> bool:
        """Whether the role has the right at all, as the organisation stands by default."""
        return self.reach is not Reach.NOTHING and "off_by_default" not in self.conditions


@dataclass(frozen=True, slots=True)
class Row:
    """One action: the right of each role, whether anonymous visitors may, the token scope that it takes."""

    number: str
    action: str
    rights: Mapping[Role, Right]
    is_public: bool
    scope: str
    needs_reauthentication: bool
    what: str


class UnknownAction(Exception):
    """A name that is not in the matrix: a programming error, refused loudly."""


def _right(cell: str) -> Right:
    reach, *conditions = cell.split()
    return Right(Reach(reach), frozenset(conditions))


def _read(path: Path) -> dict[str, Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            line["action"]: Row(
                number=line["row"],
                action=line["action"],
                rights={role: _right(line[column]) for column, role in _COLUMNS.items()},
                is_public=_right(line["AN"]).is_given,
                scope=line["scope"],
                needs_reauthentication=line["reauthentication"] == "yes",
                what=line["what"],
            )
            for line in csv.DictReader(file)
        }


MATRIX: Mapping[str, Row] = _read(Path(__file__).with_name("authz_matrix.csv"))
SCOPES = tuple(sorted({row.scope for row in MATRIX.values()} - {"", "any"}))


def row(action: str) -> Row:
    """The row of an action. Raises UnknownAction."""
    try:
        return MATRIX[action]
    except KeyError as error:
        raise UnknownAction(action) from error
