"""Every page of the portal and who looks at it: what is photographed and checked for accessibility.

A route of the URL configuration has rows here or a reason in NO_PAGE; tests/e2e/test_pages_are_listed.py says when not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from playwright.sync_api import Page

VISITOR, LEAD, MANAGER, PLATFORM, INTEGRATOR, ADMIN = (
    "",
    "demo-lead",
    "demo-manager",
    "demo-platform",
    "demo-integrator",
    "demo-admin",
)
DEMO, EMPTY, NEW = "demo", "empty", "new"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Row:
    """One state of one page.

    `name` is the file of its picture; `route` the name of its address in the URL configuration; `where` the portal that
    it is looked at in: the demo, one that nobody has set up, or one that was set up a minute ago. `do` brings the page
    into the state. `in_readme`: the names of the pictures that README shows; each ends in the theme.
    """

    name: str
    route: str
    address: str
    who: str = VISITOR
    status: int = 200
    where: str = DEMO
    do: Callable[[Page], None] | None = None
    in_readme: tuple[str, ...] = ()


def open_cell(page: Page) -> None:
    """The panel of the first cell, as by a click."""
    page.locator("table.heat td[class^=l]").first.click()
    page.locator("#cell-panel h2").wait_for()


def send_form(page: Page) -> None:
    """The page's form, sent as it is: its errors."""
    page.locator("main form button[type=submit].btn--main").first.click()
    page.locator("[data-error-summary]").wait_for()


def open_menu(page: Page) -> None:
    """The menu of the person who is signed in."""
    page.locator("[data-menu] summary").click()


def wait_for_charts(page: Page) -> None:
    """Every figure drawn."""
    for chart in page.locator("[data-chart]").all():
        chart.locator(".main-svg").first.wait_for()


def make_token(page: Page) -> None:
    """The page that shows a new token."""
    page.get_by_label("Name", exact=True).fill("Report of the week")
    page.locator("main input[type=checkbox]").first.check()
    page.locator("main form button.btn--main").click()
    page.locator("#token").wait_for()


def make_webhook_secret(page: Page) -> None:
    """The page that shows the new secret of a webhook."""
    page.locator("main form button.btn--main").click()
    page.locator("#secret").wait_for()


def invite(page: Page, name: str = "Noor Aziz") -> None:
    """The page that shows the link for a new person, a viewer of the first place on offer."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("User name").fill(f"{name.lower().replace(' ', '.')}-{next(_numbers)}")
    page.get_by_label("Role").select_option(label="Viewer")
    page.locator("select[name=place]").select_option(index=1)
    page.locator("main form button.btn--main").click()
    page.locator("#link").wait_for()


def wrong_password(page: Page) -> None:
    """A sign-in that is refused."""
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    page.locator("[data-error-summary]").wait_for()


TEAMS = (
    Row("welcome", "teams:welcome", "/welcome/"),
    Row("welcome-empty", "teams:welcome", "/welcome/", where=EMPTY),
    Row("setup", "teams:setup", "/setup/", where=EMPTY),
    Row("setup-refused", "teams:setup", "/setup/", where=EMPTY, do=send_form),
    Row("sign-in", "account_login", "/account/login/"),
    Row("sign-in-empty", "account_login", "/account/login/", where=EMPTY),
    Row("sign-in-refused", "account_login", "/account/login/", where=NEW, do=wrong_password),
    Row("sign-out", "account_logout", "/account/logout/", LEAD),
    Row("signup-closed", "account_signup", "/account/signup/"),
    Row("forgotten", "account_reset_password", "/account/password/reset/"),
    Row("inactive", "account_inactive", "/account/inactive/"),
    Row("invitation-gone", "teams:invitation", "/invitations/no-such-link/", status=404),
    Row("organisation", "teams:organisation", "/organisation/", ADMIN),
    Row("organisation-new", "teams:organisation", "/organisation/", ADMIN, where=NEW),
    Row("log", "teams:event-list", "/organisation/events/", ADMIN),
    Row("log-new", "teams:event-list", "/organisation/events/", ADMIN, where=NEW),
    Row("unit", "teams:unit-detail", "/organisation/units/{unit}/", ADMIN),
    Row("unit-manager", "teams:unit-detail", "/organisation/units/{unit}/", MANAGER),
    Row("unit-new", "teams:unit-create", "/organisation/units/{unit}/units/new/", ADMIN),
    Row("unit-edit", "teams:unit-edit", "/organisation/units/{unit}/edit/", ADMIN),
    Row("unit-move", "teams:unit-move", "/organisation/units/{unit}/move/", ADMIN),
    Row("team-new", "teams:team-create", "/organisation/units/{unit}/teams/new/", ADMIN),
    Row(
        "team-new-refused", "teams:team-create", "/organisation/units/{unit}/teams/new/", ADMIN, do=send_form
    ),
    Row("team-settings", "teams:team-settings", "/teams/{team}/settings/", ADMIN),
    Row("team-move", "teams:team-move", "/teams/{team}/move/", ADMIN),
    Row("team-members", "teams:team-members", "/teams/{team}/members/", LEAD),
    Row("people", "teams:person-list", "/people/", ADMIN),
    Row("people-none", "teams:person-list", "/people/?q=nobody-is-called-this", ADMIN),
    Row("person", "teams:person-detail", "/people/{person}/", ADMIN),
    Row("person-new", "teams:person-create", "/people/new/", ADMIN),
    Row("invitation-link", "teams:person-create", "/people/new/?place=team:{team}", ADMIN, do=invite),
    Row("invitation", "teams:invitation", "{invitation}", where=NEW),
    Row("tokens", "teams:token-list", "/tokens/", INTEGRATOR),
    Row("tokens-admin", "teams:token-list", "/tokens/", ADMIN),
    Row("token-new", "teams:token-create", "/tokens/new/", INTEGRATOR),
    Row("token-new-service", "teams:service-token-create", "/tokens/new-service/", ADMIN),
    Row("token-shown", "teams:token-create", "/tokens/new/", INTEGRATOR, do=make_token),
    Row("account", "account-home", "/account/", LEAD),
    Row("account-menu", "account-home", "/account/", LEAD, do=open_menu),
    Row("password", "account_change_password", "/account/password/change/", ADMIN, where=NEW),
    Row("reauthenticate", "account_reauthenticate", "/account/reauthenticate/", ADMIN, where=NEW),
    Row("second-step", "mfa_index", "/account/2fa/", LEAD),
    Row("second-step-app", "mfa_activate_totp", "/account/2fa/totp/activate/", LEAD),
    Row("second-step-keys", "mfa_list_webauthn", "/account/2fa/webauthn/", LEAD),
)
_OPEN = "/teams/{team}/assessment/"
ASSESSMENTS = (
    Row("home-lead", "home", "/", LEAD),
    Row("home-manager", "home", "/", MANAGER),
    Row("home-admin", "home", "/", ADMIN),
    Row("home-new", "home", "/", ADMIN, where=NEW),
    Row("teams", "assessments:team-list", "/teams/", INTEGRATOR),
    Row("teams-none", "assessments:team-list", "/teams/?q=nobody-is-called-this", INTEGRATOR),
    Row("teams-new", "assessments:team-list", "/teams/", ADMIN, where=NEW),
    Row("team", "assessments:team-detail", "/teams/{team}/", LEAD, in_readme=("team-light",)),
    Row("team-manager", "assessments:team-detail", "/teams/{team}/", MANAGER),
    Row("team-without-result", "assessments:team-detail", "/teams/{team_without_result}/", INTEGRATOR),
    Row("team-profile", "assessments:profile-edit", "/teams/{team}/profile/", LEAD),
    Row("capability", "assessments:capability-detail", "/teams/{team}/capabilities/registry/", LEAD),
    Row("criterion", "assessments:criterion-detail", "/teams/{team}/criteria/{criterion}/", LEAD),
    Row(
        "criterion-changed",
        "assessments:criterion-detail",
        "/teams/{team_of_change}/criteria/{changed}/",
        INTEGRATOR,
    ),
    Row(
        "criterion-since",
        "assessments:criterion-detail",
        "/teams/{team_of_change}/criteria/{changed}/?since=2026-11-13",
        INTEGRATOR,
    ),
    Row("trace", "integrations:trace-detail", "/teams/{team_traced}/trace/", PLATFORM),
    Row("trace-none", "integrations:trace-detail", "/teams/{team}/trace/", LEAD),
    Row("signal", "assessments:signal-detail", "/teams/{team}/signals/mlflow.registered_models/", LEAD),
    Row("assessment", "assessments:assessment-detail", _OPEN, LEAD),
    Row(
        "assessment-none",
        "assessments:assessment-detail",
        "/teams/{team_of_integrator}/assessment/",
        INTEGRATOR,
    ),
    Row("ladder", "assessments:capability-edit", f"{_OPEN}data/", LEAD, in_readme=("ladder-light",)),
    Row("check", "assessments:assessment-check", f"{_OPEN}check/", LEAD),
    Row("assessment-delete", "assessments:assessment-delete", f"{_OPEN}delete/", LEAD),
    Row("evidence-add", "assessments:evidence-add", f"{_OPEN}evidence/{{criterion}}/add/", LEAD),
    Row("evidence-remove", "assessments:evidence-remove", "/teams/{team}/evidence/{evidence}/remove/", LEAD),
    Row("models", "assessments:model-list", "/model/", LEAD),
    Row("model", "assessments:model-detail", "/model/tracking/", LEAD),
    Row("demo-remove", "demo-remove", "/demo/remove/", ADMIN),
)
_ONE = "/connections/{connection}/"
INTEGRATIONS = (
    Row("connections", "integrations:connection-list", "/connections/", PLATFORM),
    Row("connections-none", "integrations:connection-list", "/connections/", ADMIN, where=NEW),
    Row("health", "integrations:health-list", "/connections/health/", PLATFORM),
    Row("health-lead", "integrations:health-list", "/connections/health/", LEAD),
    Row("health-none", "integrations:health-list", "/connections/health/", ADMIN, where=NEW),
    Row("rules", "integrations:rule-list", "/connections/rules/", PLATFORM),
    Row("rules-few", "integrations:rule-list", "/connections/rules/", LEAD),
    Row("mapping", "integrations:mapping-detail", "/connections/mapping/{team}/", LEAD),
    Row("mapping-broken", "integrations:mapping-detail", "/connections/mapping/{team_with_fault}/", PLATFORM),
    Row("connection-choose", "integrations:connection-choose", "/connections/new/", PLATFORM),
    Row("connection-mlflow", "integrations:connection-create", "/connections/new/mlflow/", PLATFORM),
    Row(
        "connection-github",
        "integrations:connection-create",
        "/connections/new/github/",
        PLATFORM,
        do=send_form,
    ),
    Row("connection", "integrations:connection-detail", _ONE, PLATFORM),
    Row("connection-broken", "integrations:connection-detail", "/connections/{broken}/", PLATFORM),
    Row("connection-edit", "integrations:connection-edit", f"{_ONE}edit/", PLATFORM),
    Row("connection-credential", "integrations:connection-set-secret", f"{_ONE}credential/", PLATFORM),
    Row("connection-pause", "integrations:connection-pause", f"{_ONE}pause/", PLATFORM),
    Row("connection-resume", "integrations:connection-resume", f"{_ONE}resume/", PLATFORM),
    Row("connection-remove", "integrations:connection-remove", f"{_ONE}remove/", PLATFORM),
    Row("webhook-none", "integrations:connection-hook", "/connections/{broken}/webhook/", PLATFORM),
    Row("webhook", "integrations:connection-hook", f"{_ONE}webhook/", PLATFORM),
    Row("webhook-secret-ask", "integrations:connection-hook-secret", f"{_ONE}webhook/secret/", PLATFORM),
    Row(
        "webhook-secret",
        "integrations:connection-hook-secret",
        f"{_ONE}webhook/secret/",
        PLATFORM,
        do=make_webhook_secret,
    ),
    Row(
        "webhook-token",
        "integrations:connection-hook-token",
        "/connections/{gitlab}/webhook/token/",
        PLATFORM,
    ),
    Row(
        "webhook-token-refused",
        "integrations:connection-hook-token",
        "/connections/{gitlab}/webhook/token/",
        PLATFORM,
        do=send_form,
    ),
    Row("webhook-remove", "integrations:connection-hook-remove", f"{_ONE}webhook/remove/", PLATFORM),
    Row("source-new", "integrations:source-create", "/connections/{mlflow}/sources/new/", PLATFORM),
    Row("source", "integrations:source-edit", f"{_ONE}sources/{{source}}/edit/", PLATFORM),
    Row("source-remove", "integrations:source-remove", f"{_ONE}sources/{{source}}/remove/", PLATFORM),
)
INSIGHTS = (
    Row("heatmap", "insights:heatmap", "/heatmap/", INTEGRATOR),
    Row(
        "heatmap-cell",
        "insights:heatmap",
        "/heatmap/",
        INTEGRATOR,
        do=open_cell,
        in_readme=("heatmap-light", "heatmap-dark"),
    ),
    Row("heatmap-unit", "insights:heatmap", "/heatmap/?unit={unit}", MANAGER),
    Row("heatmap-member", "insights:heatmap", "/heatmap/", LEAD),
    Row("heatmap-capabilities", "insights:heatmap", "/heatmap/?columns=capabilities", INTEGRATOR),
    Row("heatmap-verified", "insights:heatmap", "/heatmap/?show=verified", INTEGRATOR),
    Row("heatmap-none", "insights:heatmap", "/heatmap/", ADMIN, where=NEW),
    Row(
        "progress",
        "insights:progress",
        "/progress/",
        INTEGRATOR,
        do=wait_for_charts,
    ),
    Row("progress-team", "insights:progress", "/progress/?team={team}", LEAD, do=wait_for_charts),
    Row("progress-none", "insights:progress", "/progress/", ADMIN, where=NEW),
)
ERRORS = (
    Row("error-400", "failing", "/failing/400/", LEAD, status=400),
    Row("error-403", "failing", "/failing/403/", LEAD, status=403),
    Row("error-404", "failing", "/failing/404/", LEAD, status=404),
    Row("error-500", "failing", "/failing/500/", LEAD, status=500),
    Row("error-form", "error-pages", "/error-pages/403_form/"),
    Row("error-413", "error-pages", "/error-pages/413/"),
    Row("error-503", "error-pages", "/error-pages/503/"),
)
GUIDE = (Row("styleguide", "styleguide", "/styleguide/", do=wait_for_charts),)
ROWS = (*TEAMS, *ASSESSMENTS, *INTEGRATIONS, *INSIGHTS, *ERRORS, *GUIDE)

# Route -> why it has no picture. A pattern ending in "*" stands for all routes that begin so.
NO_PAGE = {
    "livez": "plain text for a probe",
    "readyz": "plain text for a probe",
    "hook-*": "for systems that send webhooks",
    "client-file": "a file for CI",
    "api:*": "for programs, not for the eye; its documentation page is Swagger's own",
    "insights:*-csv": "a file",
    "insights:heatmap-cell": "a fragment; heatmap-cell shows it",
    **dict.fromkeys(
        (
            "theme-set",
            "teams:demo-sign-in",
            "teams:grant-revoke",
            "teams:person-deactivate",
            "teams:person-invite-again",
            "teams:person-reactivate",
            "teams:team-archive",
            "teams:team-restore",
            "teams:token-revoke",
            "assessments:answer-save",
            "assessments:assessment-publish",
            "assessments:assessment-start",
            "assessments:assessment-submit",
            "assessments:assessment-withdraw",
            "assessments:capability-preview",
            "integrations:connection-collect",
            "integrations:connection-test",
            "integrations:source-confirm",
            "integrations:source-follow-file",
            "integrations:source-take-over",
        ),
        "takes a form and has no page of its own",
    ),
    **dict.fromkeys(
        (
            "account_confirm*",
            "account_email*",
            "account_reset_password_*",
            "account_set_password",
            "socialaccount_*",
            "openid_connect_*",
        ),
        "allauth's, for mail and other identity providers: no page leads there until an operator sets one up",
    ),
    **dict.fromkeys(
        (
            "mfa_add_webauthn",
            "mfa_authenticate",
            "mfa_deactivate_totp",
            "mfa_download_recovery_codes",
            "mfa_edit_webauthn",
            "mfa_generate_recovery_codes",
            "mfa_reauthenticate*",
            "mfa_remove_webauthn",
            "mfa_view_recovery_codes",
        ),
        "allauth's, reached only with a second step in use; in the same frame and elements as second-step-app",
    ),
}
