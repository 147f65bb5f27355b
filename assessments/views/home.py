"""The first page after sign-in: what awaits you."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from assessments.queries import catalog
from assessments.queries.home_page import FirstSteps, HomePage, first_steps, home_page
from assessments.queries.words import count_words
from assessments.views.links import address
from mlops_portal.lib.parts import Link, Task
from teams.access import demo_is_open
from teams.models import User
from teams.queries.rights import Rights, remembered_rights


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Open assessments, own teams, and the one obvious next action; in a new organisation the first steps.

    Visitors go to the page for them: to look round or to start where that is possible, else to sign in.
    """
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        is_open = demo_is_open(request) or not User.objects.exists()
        return redirect("teams:welcome" if is_open else "account_login")
    rights = remembered_rights(user)
    page = home_page(user, catalog.active_model())
    steps = first_steps() if rights.can("unit.edit") else FirstSteps(has_results=True)
    tasks = _tasks(steps, rights)
    action, lead = _next(page, tasks, rights)
    context = {
        "page": page,
        # Whoever answers for a team sees its results.
        "own": [(line, True, True) for line in page.mine],
        "tasks": tasks,
        "action": action,
        "lead": lead,
        "is_demo": demo_is_open(request),
        "heatmap_url": address("insights:heatmap") if rights.can("heatmap.view") else "",
        "connections_url": address("integrations:connection-list") if rights.can("connection.edit") else "",
    }
    return render(request, "home.html", context)


def _tasks(steps: FirstSteps, rights: Rights) -> tuple[Task, ...]:
    """The way from nothing to a first result; empty once there is one."""
    if steps.has_results:
        return ()
    organisation = reverse("teams:organisation")
    tasks = [
        ("Make a unit", organisation, steps.has_units, "A department, a product, a site"),
        ("Make a team", organisation, steps.has_teams, "A team is what is assessed"),
        ("Invite people", reverse("teams:person-list"), steps.has_people, "Each gets a link that works once"),
    ]
    if rights.can("connection.edit"):
        connections = address("integrations:connection-list")
        tasks.append(
            ("Connect a system", connections, steps.has_readings, "Teams can assess themselves without one")
        )
    return tuple(
        Task(label, url, "done" if is_done else "todo", note=note) for label, url, is_done, note in tasks
    )


def _next(page: HomePage, tasks: tuple[Task, ...], rights: Rights) -> tuple[Link | None, str]:
    """The one action at the head of the page, and the sentence beside it."""
    for line in page.drafts:
        return _open("Continue assessment", line.assessment.team.slug), (
            f"{line.assessment.team.name}, {line.assessment.period}: completed {line.answered} of {line.total}."
        )
    for line in page.in_review:
        return _open("Check and publish", line.assessment.team.slug), (
            f"{line.assessment.team.name}, {line.assessment.period} is in review."
        )
    for team in page.mine:
        if not team.has_result:
            return _open("Start assessment", team.team.slug), (
                f"{team.team.name} has no result yet. With the team it takes about 75 minutes."
            )
    for task in tasks:
        if task.state == "todo" and task.url:
            return Link(task.label, task.url), "Your portal is ready. Four steps lead to the first picture."
    return _look(page, rights)


def _look(page: HomePage, rights: Rights) -> tuple[Link | None, str]:
    """What there is to look at for somebody with nothing to do."""
    if page.mine:
        first = page.mine[0].team
        return Link(f"Open {first.name}", reverse("assessments:team-detail", args=[first.slug])), (
            "Nothing waits for you."
        )
    if page.seen == 0:
        return None, ""
    counts = f"You see {count_words(page.seen, 'team')}; {page.with_result} {'has' if page.with_result == 1 else 'have'} a result."
    heatmap = address("insights:heatmap")
    if heatmap and rights.can("heatmap.view"):
        return Link("Open the heatmap", heatmap), counts
    return Link("Open the teams", reverse("assessments:team-list")), (
        f"You see {count_words(page.seen, 'team')}. Results are for their own people and managers."
    )


def _open(label: str, slug: str) -> Link:
    return Link(label, reverse("assessments:assessment-detail", args=[slug]))
