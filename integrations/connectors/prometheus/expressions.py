"""Which series a rule's expression is about, read from its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from integrations.connectors.prometheus.matchers import (
    NAME_LABEL,
    BadSelector,
    Matcher,
    Selector,
    read_selector,
)

_STRING = r'"(?:[^"\\\n]|\\.)*"' + r"|'(?:[^'\\\n]|\\.)*'|`[^`]*`"
_TOKEN = re.compile(
    rf"(?P<string>{_STRING})|(?P<comment>#[^\n]*)|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<number>[0-9][0-9a-zA-Z.]*)"
    r"|(?P<other>[^\s])"
)
# Label names follow these in parentheses; the other words are operators.
_GROUPING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end", *_GROUPING})

Tokens = list[tuple[str, str]]


def is_about(expression: str, selector: Selector) -> bool:
    """Whether a series that the expression names satisfies the line: each matcher stands there, or the value it asks for."""
    return any(_covers(named, selector) for named in series_of(expression))


def series_of(expression: str) -> list[Selector]:
    """Every metric{labels} in an expression. What cannot be read is left out: it names nothing that we could know."""
    tokens: Tokens = [
        (str(found.lastgroup), found[0])
        for found in _TOKEN.finditer(expression)
        if found.lastgroup not in {"comment", "number"}
    ]
    found: list[Selector] = []
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if kind == "name" and text.lower() in _GROUPING and following == "(":
            at = _behind(tokens, at + 1, ")")
        elif kind == "name" and following == "{":
            end = _behind(tokens, at + 1, "}")
            found += _selector(text, tokens[at + 2 : end - 1])
            at = end
        elif (kind, text) == ("other", "{"):
            end = _behind(tokens, at, "}")
            found += _selector("", tokens[at + 1 : end - 1])
            at = end
        elif (kind, text) == ("other", "["):
            at = _behind(tokens, at, "]")
        else:
            # A function, or an aggregation as in `sum by (job) (x)`.
            is_applied = following == "(" or following.lower() in {"by", "without"}
            if kind == "name" and not is_applied and text.lower() not in _WORDS:
                found += _selector(text, [])
            at += 1
    return found


def without_values(expression: str, values: Iterable[str]) -> str:
    """The expression without strings that are one of these: a job called "quality" makes no rule about quality."""
    known = {f'"{value}"' for value in values} | {f"'{value}'" for value in values}
    return re.sub(_STRING, lambda found: '""' if found[0] in known else found[0], expression)


def _behind(tokens: Tokens, at: int, closing: str) -> int:
    while at < len(tokens) and tokens[at] != ("other", closing):
        at += 1
    return at + 1


def _selector(metric: str, inside: Tokens) -> list[Selector]:
    name = [Matcher(NAME_LABEL, "=", metric)] if metric else []
    text = "".join(part for _, part in inside)
    if not text:
        return [Selector(tuple(name))]
    try:
        return [Selector((*name, *read_selector(text).matchers))]
    except BadSelector:
        return []


def _covers(named: Selector, selector: Selector) -> bool:
    return all(matcher in named.matchers or _asks_for(named, matcher) for matcher in selector.matchers)


def _asks_for(named: Selector, matcher: Matcher) -> bool:
    values = [value for other in named.matchers if other.label == matcher.label for value in other.names]
    return any(matcher.fits(value) for value in values) if values else not matcher.chooses
