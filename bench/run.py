"""One run: the organisations, the servers over them, and how long to measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.asking import Client
from bench.places import Place
from bench.serving import BEHIND_TLS, FLOOR, PORTAL, Server, served


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and lengths. `young` and `deep` weeks are those of the pair for P11; `rounds` of interleaved asking."""

    teams: int = 1000
    weeks: int = 52
    young: int = 4
    deep: int = 260
    few: int = 10
    rounds: int = 24
    requests: int = 1000
    stored_teams: int = 50


DEFAULT = Plan()
QUICK = Plan(teams=100, weeks=12, deep=104, rounds=8, requests=200, stored_teams=10)


@dataclass(slots=True)
class Stand:
    """A place that is being served: by the portal, and by the floor beside it."""

    place: Place
    portal: Server
    floor: Server
    clients: list[Client] = field(default_factory=list)

    @property
    def known(self) -> Mapping[str, Any]:
        """Tokens, sessions and keys of this place."""
        return self.place.people

    def at_portal(self, headers: Mapping[str, str] | None = None) -> Client:
        return self._client(self.portal.port, {**BEHIND_TLS, **(headers or {})})

    def at_floor(self) -> Client:
        return self._client(self.floor.port, {})

    def by_token(self, headers: Mapping[str, str] | None = None) -> Client:
        """An integration that may read the whole organisation."""
        return self.at_portal({"Authorization": f"Bearer {self.known['token']}", **(headers or {})})

    def as_reader(self, headers: Mapping[str, str] | None = None) -> Client:
        """A person who may read the whole organisation, in a browser that takes compressed answers."""
        return self.at_portal({"Cookie": self.known["reader_cookie"], **COMPRESSED, **(headers or {})})

    def as_lead(self, headers: Mapping[str, str] | None = None) -> Client:
        return self.at_portal({"Cookie": self.known["lead_cookie"], **COMPRESSED, **(headers or {})})

    def _client(self, port: int, headers: Mapping[str, str]) -> Client:
        client = Client(port, headers)
        self.clients.append(client)
        return client


COMPRESSED = {"Accept-Encoding": "gzip, deflate, br"}


@contextmanager
def stand(place: Place) -> Iterator[Stand]:
    """Portal and floor over a prepared place."""
    with ExitStack() as stack:
        portal = stack.enter_context(served(place, PORTAL, first="/livez"))
        floor = stack.enter_context(served(place, FLOOR, first="/ping"))
        made = Stand(place, portal, floor)
        yield made
        for client in made.clients:
            client.close()
