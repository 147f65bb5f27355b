"""Who looks at the pages of tests/e2e/pages.py: signed in once each, in the portal that a row names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import TimeoutError as TookTooLong

from tests.e2e.browser import Witness, settle, watch
from tests.e2e.pages import ADMIN, DEMO, NEW, VISITOR, Row, invite
from tests.e2e.serving import Portal, served

PASSWORD = "a long enough password"
HEIGHT = 800
PATIENCE = 8_000  # milliseconds


class Visitors:
    """A context manager: portals and browser sessions are made when a row first needs them and end with it."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._stack = ExitStack()
        self._portals: dict[str, Portal] = {}
        self._sessions: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Visitors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def portal(self, where: str) -> Portal:
        """The portal of that name, started on first use; a new one is set up by its first person."""
        if where not in self._portals:
            self._portals[where] = self._stack.enter_context(served(self._folder / where, demo=where == DEMO))
            if where == NEW:
                self._set_up()
        return self._portals[where]

    def address(self, row: Row) -> str:
        portal = self.portal(row.where)
        path = row.address.format(**portal.names)
        return path if path.startswith("http") else f"{portal.url}{path}"

    @contextmanager
    def at(
        self, row: Row, *, width: int = 1280, height: int = HEIGHT, theme: str = "light", **options: Any
    ) -> Iterator[tuple[Page, Witness]]:
        """The page of a row, brought into its state, and who saw what went wrong meanwhile."""
        address = self.address(row)
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=self._session(row.where, row.who),
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        witness = watch(context)
        if row.status != 200:
            witness.expect(f"^status {row.status}: ")
        # A form that comes back with errors answers 422.
        witness.expect("^status 422: ")
        try:
            page = context.new_page()
            response = page.goto(address)
            if response is None or response.status != row.status:
                witness.report(f"{row.name} answered {response and response.status}, not {row.status}")
            elif row.do is not None:
                _do(row, page, witness)
            settle(page)
            yield page, witness
        finally:
            context.close()

    def _session(self, where: str, who: str) -> Any:
        """Cookies of a person, signed in by a click on the first call; None for visitors."""
        if who == VISITOR:
            return None
        if (where, who) not in self._sessions:
            context = self._browser.new_context()
            page = context.new_page()
            page.goto(f"{self.portal(where).url}/account/login/")
            page.locator(f'button[name=person][value="{who}"]').click()
            page.wait_for_url(lambda address: "/login/" not in address)
            self._sessions[where, who] = context.storage_state()
            context.close()
        return self._sessions[where, who]

    def _set_up(self) -> None:
        """The new portal's administrator, by its own page, and an invitation that nobody has used."""
        context: BrowserContext = self._browser.new_context()
        page = context.new_page()
        page.goto(f"{self._portals[NEW].url}/setup/")
        page.get_by_label("Name of your organisation").fill("Northwind")
        page.get_by_label("Your name").fill("Ada Berg")
        page.get_by_label("User name").fill("admin")
        for field in page.locator("input[type=password]").all():
            field.fill(PASSWORD)
        page.locator("main form button.btn--main").click()
        page.wait_for_url(lambda address: "/setup/" not in address)
        self._sessions[NEW, ADMIN] = context.storage_state()
        page.goto(f"{self._portals[NEW].url}/people/new/")
        invite(page, "Tom Weber")
        self._portals[NEW].names["invitation"] = page.locator("#link").input_value()
        context.close()


def look(page: Page, width: int, height: int, theme: str) -> None:
    """The same page wider or narrower, light or dark."""
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    settle(page)


def _do(row: Row, page: Page, witness: Witness) -> None:
    """One page that cannot be brought into its state is one line of the report, not the end of it."""
    assert row.do is not None
    try:
        row.do(page)
    except TookTooLong as error:
        witness.report(f"not brought into its state: {error.message.splitlines()[0]}")
