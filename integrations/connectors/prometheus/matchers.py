"""Label matchers as people type them, read strictly and written back safely into PromQL. Pure.

What people typed never reaches a query as it stands: it is taken apart here and written anew, so a line can choose series and
nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NAME_LABEL = "__name__"
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

_MATCHER = re.compile(
    r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*(,|$)"""
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
# In a regular expression the only pieces that are compared here: letters, an escaped sign, anything, something.
_PIECE = re.compile(r"\\([^a-zA-Z0-9])|(\.\*)|(\.\+)|([^\\.*+?()\[\]{}|^$])")


class BadSelector(ValueError):
    """A line that is no list of label matchers. The message says what to write."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a label that is not there is "", as in PromQL."""

    label: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.op}{quoted(self.value)}"

    def fits(self, value: str) -> bool | None:
        """Whether a label's value satisfies it; None for a regular expression that is not compared here."""
        if self.op in {"=", "!="}:
            return (value == self.value) is (self.op == "=")
        found = _fits(self.value, value)
        return None if found is None else found is (self.op == "=~")

    @property
    def names(self) -> frozenset[str]:
        """The values that it names letter by letter; a regular expression with .* names nobody."""
        if self.op == "=":
            return frozenset({self.value})
        if self.op != "=~":
            return frozenset()
        alternatives = [_pieces(part) for part in _alternatives(self.value)]
        return frozenset(pieces[0][1] for pieces in alternatives if pieces is not None and len(pieces) == 1)

    @property
    def chooses(self) -> bool:
        """Whether it asks for something: a line of exclusions alone would mean everybody's series."""
        return self.fits("") is not True


@dataclass(frozen=True, slots=True)
class Selector:
    """The matchers of one line."""

    matchers: tuple[Matcher, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.matchers))

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(matcher.label for matcher in self.matchers)

    def of(self, metric: str, *more: Matcher) -> str:
        """A PromQL selector of that metric; a metric name of the line itself is left out."""
        own = (matcher for matcher in self.matchers if matcher.label != NAME_LABEL)
        return f"{metric}{{{','.join(map(str, (*own, *more)))}}}"

    @property
    def any_metric(self) -> str:
        """A PromQL selector of whatever carries these labels."""
        return f"{{{self}}}"


def read_selector(line: str) -> Selector:
    """The matchers of a line such as job="churn",env=~"prod|live", with or without braces. Raises BadSelector."""
    text = line.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    matchers, at = [], 0
    text = text.removesuffix(",")
    while at < len(text):
        found = _MATCHER.match(text, at)
        if found is None or (found[4] == "," and found.end() == len(text)):
            raise BadSelector(f'{line!r} is no list of label matchers: write job="churn-api".')
        matchers.append(Matcher(found[1], found[2], _unquoted(found[3])))
        at = found.end()
    if not any(matcher.chooses for matcher in matchers):
        raise BadSelector(f"{line!r} would choose everybody's series: name at least one label's value.")
    return Selector(tuple(matchers))


def quoted(text: str) -> str:
    """A PromQL string."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def one_of(names: Iterable[str]) -> str:
    """A PromQL string with a regular expression that means exactly these names."""
    return quoted("|".join(re.escape(name) for name in names))


def fit_labels(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether all matchers of the line hold of these labels."""
    return all(matcher.fits(labels.get(matcher.label, "")) is True for matcher in selector.matchers)


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text[1:-1])


def _fits(pattern: str, value: str) -> bool | None:
    """PromQL's regular expressions are anchored. Python's engine could be kept busy for hours by one of them, so only
    alternatives of letters, .* and .+ are compared, in linear time."""
    alternatives = [_pieces(part) for part in _alternatives(pattern)]
    if any(pieces is None for pieces in alternatives):
        return None
    return any(pieces is not None and _runs_through(pieces, value) for pieces in alternatives)


def _alternatives(pattern: str) -> list[str]:
    return re.split(r"(?<!\\)\|", pattern)


def _pieces(pattern: str) -> list[tuple[int | None, str]] | None:
    """Letters, each with the least number of signs before them; None in front means that they follow at once."""
    found: list[tuple[int | None, str]] = [(None, "")]
    at = 0
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            return None
        if piece[2] or piece[3]:
            found.append((1 if piece[3] else 0, ""))
        else:
            least, letters = found[-1]
            found[-1] = (least, letters + (piece[1] or piece[4]))
        at = piece.end()
    return found


def _runs_through(pieces: list[tuple[int | None, str]], value: str) -> bool:
    at = 0
    for number, (least, letters) in enumerate(pieces):
        is_last = number == len(pieces) - 1
        if least is None:
            if not value.startswith(letters) or (is_last and value != letters):
                return False
            at = len(letters)
        elif is_last:
            return value.endswith(letters) and len(value) - len(letters) >= at + least
        else:
            start = value.find(letters, at + least)
            if start < 0:
                return False
            at = start + len(letters)
    return True
