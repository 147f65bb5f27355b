"""What acted, in words. A connection is stored as its key (`connection:7`), which says nothing; its name is shown to those
who may see the connection, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from teams.queries.rights import Actor

Who = Callable[[str], str]
Names = Callable[[Actor], Mapping[str, str]]

A_SYSTEM = "a connected system"
# With a blank: what rows hold from before keys were stored.
_OF_CONNECTIONS = ("connection:", "connection ")
_names: list[Names] = []


def name_with(names: Names) -> None:
    """From now on `names` says what connections are called, by what is stored of them; for the app that knows them."""
    _names[:] = [names]


def unnamed(by: str) -> str:
    """What is stored of who acted, with no connection named: for whoever reads it."""
    return A_SYSTEM if by.startswith(_OF_CONNECTIONS) else by


def who_for(actor: Actor) -> Who:
    """As `unnamed`, with the names that `actor` may see. They are read once, and only where a connection acted."""
    known = cache(lambda: _names[0](actor) if _names else {})

    def who(by: str) -> str:
        hidden = unnamed(by)
        return by if hidden == by else known().get(by, hidden)

    return who
