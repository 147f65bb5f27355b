"""Answering one criterion over HTTP as the page does it with JavaScript: reads the ladder, sends one change, reads it back."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx2

from tests.portal.launched import Visitor

TEAM = "demo-team-1"


@dataclass(frozen=True)
class Ask:
    """One criterion on a ladder as the page shows it."""

    page: str
    save_url: str
    key: str
    value: str
    version: str

    @property
    def other(self) -> str:
        """A value that is not there yet."""
        return "no" if self.value == "yes" else "yes"


def first_ask(visitor: Visitor) -> Ask:
    """The first criterion of the first capability of the demo lead's open assessment."""
    visitor.get(f"/teams/{TEAM}/assessment/")
    pages = re.findall(rf'href="(/teams/{TEAM}/assessment/[a-z0-9_-]+/)"', visitor.page)
    page = next(one for one in pages if not one.endswith(("/check/", "/start/", "/delete/", "/submit/")))
    return ask_on(visitor, page)


def ask_on(visitor: Visitor, page: str) -> Ask:
    """The first criterion of a ladder, as it is stored now."""
    answer = visitor.get(page)
    assert answer.status_code == 200, answer.text[:500]
    key, save_url = re.findall(r'id="ask-([\w-]+)" hx-post="([^"]+)"', visitor.page)[0]
    checked = re.findall(rf'name="answer-{key}" value="(\w+)" checked', visitor.page)
    version = re.findall(rf'name="version-{key}" value="(\d*)"', visitor.page)
    return Ask(page, save_url, key, checked[0] if checked else "", version[0] if version else "")


def save(visitor: Visitor, ask: Ask, value: str, **headers: str) -> httpx2.Response:
    """The answer of the server to one changed radio."""
    token = re.search(r'hx-headers=.{"X-CSRFToken": "([^"]+)"', visitor.page)
    assert token is not None
    form = {
        f"answer-{ask.key}": value,
        f"was-{ask.key}": ask.value,
        f"note-{ask.key}": "",
        f"reason-{ask.key}": "",
    }
    if ask.version:
        form[f"version-{ask.key}"] = ask.version
    return visitor.http.post(
        ask.save_url, data=form, headers={"HX-Request": "true", "X-CSRFToken": token[1], **headers}
    )
