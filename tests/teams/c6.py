"""SECURITY C6 as the spec prints it (`security_c6.md`), read without the portal's own reader, and where ours differs and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("AN", "VW", "TM", "TL", "UM", "CA", "OA")

# The spec's cells in the words of our file; each is the whole cell, so that nothing passes half understood.
CELLS = {
    "-": "-",
    "O": "O",
    "U": "U",
    "T": "T",
    "S": "S",
    "U P": "U published",
    "O P": "O published",
    "U P c": "U published off_by_default",
    "O P c": "O published off_by_default",
    "U c": "U off_by_default",
    "O c": "O off_by_default",
    "c": "U off_by_default",
    "T c": "T off_by_default",
    "T events c": "T off_by_default",
    "U events c": "U off_by_default",
    "U c (only if attached to published)": "U published off_by_default",
    "- (assigned reviewer: yes)": "U assigned",
    "assigned": "O assigned",
    "assigned, other team": "O assigned other_team",
    "assigned (other team)": "O assigned other_team",
    "U assigned": "U assigned",
    "O assigned": "O assigned",
    "O (assigned review)": "O assigned",
    "U viewer only": "U viewer_only",
    "U (inside own subtree, both ends)": "U",  # the service checks both ends
    "T (own mappings)": "T",
    "O (r)": "O",
    "own service tokens": "S",
    "connector events": "O connections_only",
    "O (scopes: signals, connectors)": "O",  # the service gives no token more than its maker holds
    "- (retention job only)": "-",
    "- (not offered)": "-",
    "- c": "-",
}

# (row, column): our cell and the reason. "c" is ours to choose; where nothing is said here it is off.
DIFFERENCES = {
    ("12", "TM"): ("T published", "default of the cell: the own team; RULINGS 4 knows no medians"),
    ("12", "TL"): ("T published", "as above"),
    ("14", "OA"): ("O", "(r if all) waits for the full export, row 62"),
    ("15", "TM"): ("T on_by_default", "c: a member who has to wait for the lead never starts"),
    ("15", "UM"): ("-", "inviting is not starting; invitations come with campaigns"),
    ("15", "OA"): ("-", "as above"),
    ("19b", "UM"): (
        "U assigned other_team",
        "only a reviewer from outside the team overrides, whatever else they are",
    ),
    ("19b", "OA"): ("O assigned other_team", "as above"),
    ("24", "UM"): ("U assigned", "comments come later; the stricter half stands"),
    ("26", "TM"): ("T on_by_default", "c: workshops are run by whoever calls them"),
    ("31", "TL"): ("T own_when_review_off", "RULINGS 9: review is off until an organisation switches it on"),
    ("49", "TL"): ("-", "proposing a mapping comes later"),
}
# Rows whose (r) stands in a cell or counts for a part: for whom the row as a whole asks anew.
REAUTHENTICATION = {
    "14": (False, "(r if all) waits for the full export, row 62"),
    "33": (True, "for the lead too: a deleted draft does not come back"),
    "44": (True, "one role has the right at all"),
}
SCOPES = {"none": "", "-": "", "any valid token (13.4.5)": "any"}


@dataclass(frozen=True, slots=True)
class SpecRow:
    what: str
    cells: dict[str, str]
    scope: str
    needs_reauthentication: bool


def spec_rows() -> dict[str, SpecRow]:
    """The rows of the spec by number, cells in our words, our differences applied."""
    rows = {}
    for line in Path(__file__).with_name("security_c6.md").read_text(encoding="utf-8").splitlines():
        fields = [field.strip() for field in line.strip("|").split("|")]
        if len(fields) != 10 or not fields[0][:1].isdigit():
            continue
        number, what, *cells, scope = fields
        rows[number] = SpecRow(
            what.replace("`", "").removesuffix(" (r)").strip(),
            {
                column: DIFFERENCES[number, column][0] if (number, column) in DIFFERENCES else CELLS[cell]
                for column, cell in zip(COLUMNS, cells, strict=True)
            },
            SCOPES.get(scope, scope.partition(" (")[0].strip("`")),
            REAUTHENTICATION[number][0] if number in REAUTHENTICATION else what.endswith(" (r)"),
        )
    return rows
