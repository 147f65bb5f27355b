"""The checks of every other browser test can fail: axe's rules, and each thing that the witness watches for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.axe import WHOLE, violations
from tests.e2e.browser import Witness, watch
from tests.e2e.pages import GUIDE
from tests.e2e.visitors import Visitors

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FRAME = '<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>{}</main>'
# Rules that guard this product in particular (ACCESSIBILITY B1), each with a page that breaks it. Three of that list are
# not here, for axe 4.12 no longer calls them violations by themselves: skip-link (K1 is checked by key instead),
# duplicate-id-aria (a review) and scrollable-region-focusable (Chromium focuses scrollers by itself).
BROKEN = {
    "scope-attr-valid": '<table><tr><th scope="column">A</th><td>1</td></tr></table>',
    "td-headers-attr": '<table><tr><th id="a">A</th></tr><tr><td headers="b">1</td></tr></table>',
    "empty-table-header": "<table><tr><th></th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
    "table-duplicate-name": '<table summary="x"><caption>x</caption><tr><th>A</th></tr><tr><td>1</td></tr></table>',
    "link-name": '<a href="#"></a>',
    "color-contrast": '<p style="color:#999;background:#fff">pale</p>',
    "nested-interactive": '<button><a href="#">x</a></button>',
    "aria-required-children": '<div role="grid"><p>x</p></div>',
    "aria-required-parent": '<div role="row"><div role="gridcell">x</div></div>',
    "label": '<input type="text">',
    "select-name": "<select><option>x</option></select>",
    "button-name": "<button></button>",
    "aria-valid-attr-value": '<button aria-expanded="perhaps">x</button>',
    "target-size": '<p><button style="height:9px;width:9px;padding:0">x</button><button style="height:9px;width:9px;padding:0">y</button></p>',
    "role-img-alt": '<div role="img"></div>',
    "aria-hidden-focus": '<div aria-hidden="true"><button>x</button></div>',
    "landmark-unique": '<section aria-label="x">a</section><section aria-label="x">b</section>',
    "heading-order": "<h4>x</h4>",
    "page-has-heading-one": "<script>document.querySelector('h1').remove()</script>",
    "tabindex": '<p tabindex="3">x</p>',
    "list": "<ul><p>x</p></ul>",
    "listitem": "<li>x</li>",
    "region": "<script>document.body.insertAdjacentHTML('beforeend', '<p>outside</p>')</script>",
    "aria-dialog-name": '<div role="dialog">x</div>',
    "aria-prohibited-attr": '<span aria-label="x"></span>',
}


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("rule", BROKEN)
def test_axe_finds_a_page_that_breaks(rule: str, blank: Page) -> None:
    blank.set_content(FRAME.format(BROKEN[rule]))
    assert rule in [name for name, _ in violations(blank, WHOLE)]


def test_axe_finds_nothing_on_the_frame(blank: Page) -> None:
    blank.set_content(FRAME.format("<p>x</p>"))
    assert violations(blank, WHOLE) == []


PROVOKED = {
    "a message of the console": ("console.error('broken')", "console error: broken"),
    "an error in a script": (
        "setTimeout(() => nothing.here)",
        "page error: nothing is not defined",
    ),
    "a picture beyond this machine": (
        "new Image().src = 'http://example.org/x.png'",
        "request beyond this machine: http://example.org/x.png",
    ),
    "an inline style": (
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')",
        "policy violated: {'directive': 'style-src-attr'",
    ),
    "a missing file": ("fetch('/no-such-page/')", "status 404: GET"),
}


@pytest.mark.parametrize("what", PROVOKED)
def test_witness_sees(what: str, visitors: Visitors) -> None:
    script, reported = PROVOKED[what]
    witness: Witness
    with visitors.at(GUIDE[0]) as (page, witness):
        page.evaluate(f"() => {{ {script} }}")
        page.wait_for_timeout(300)
    assert [problem for problem in witness.problems if problem.startswith(reported)] != []


def test_what_a_test_expects_is_no_problem(browser: Browser) -> None:
    context = browser.new_context()
    witness = watch(context)
    witness.expect("^console error: meant")
    page = context.new_page()
    page.evaluate("console.error('meant'); console.error('not meant')")
    context.close()
    assert [problem.split(" (")[0] for problem in witness.problems] == ["console error: not meant"]
