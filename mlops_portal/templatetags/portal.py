"""Tags of the shared templates, with the filters of portal_words: `{% load portal %}`.

Every component is an inclusion tag with all its variables named, so that none is ever undefined. What each shows stands
in the comment at the head of its template in templates/components/.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import lucide
from django import template
from django.core.paginator import Page
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.middleware.csrf import get_token
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from mlops_portal.lib import parts
from mlops_portal.templatetags import portal_words
from mlops_portal.templatetags.portal_words import LEVEL_NAMES, query_without

register = template.Library()
register.filters.update(portal_words.register.filters)  # one {% load portal %} brings both

# state -> (class of the square, what it shows, what it reads as)
LEVEL_STATES = {
    "unknown": ("lu", "?", "unknown"),
    "na": ("la", "n/a", "does not apply"),
    "none": ("lx", "No data", "not assessed yet"),
}
# outcome -> (icon, word, modifier of the sign)
OUTCOMES = {
    "yes": ("check", "Yes", ""),
    "no": ("x", "No", ""),
    "unknown": ("circle-question-mark", "Unknown", "sign--soft"),
    "na": ("minus", "Does not apply", "sign--soft"),
    "disputed": ("triangle-alert", "Disputed", "sign--warn"),
    "open": ("circle", "Not answered", "sign--soft"),
}
TASK_WORDS = {"doing": "In progress", "todo": "Not started", "blocked": "Cannot start yet"}
NOTICE_ICONS = {"info": "info", "warn": "triangle-alert", "alert": "octagon-alert"}
MESSAGE_KINDS = {"error": "alert", "warning": "warn"}


@lru_cache(maxsize=256)
def _svg(name: str) -> SafeString:
    # The package's own drawing, without size: CSS gives it. Raises IconDoesNotExist for a wrong name.
    drawn = lucide._render_icon(name, None, aria_hidden="true")  # noqa: SLF001 -- its public door is a tag, uncached
    for unset in (' width="24"', ' height="24"', f' class="lucide lucide-{name}"'):
        drawn = drawn.replace(unset, "")
    drawn = re.sub(r"\s*\n\s*", "", drawn)
    return mark_safe(drawn.replace("<svg", '<svg class="icon"', 1))  # noqa: S308 -- from the package's own files


def _csrf(context: template.Context) -> str:
    # By the request, not by the context: an include with "only" drops csrf_token, and the form would be refused.
    request = getattr(context, "request", None)
    return get_token(request) if request is not None else ""


# --- Icons ------------------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, label: str = "") -> str:
    """An inline drawing, hidden from screen readers; with `label` they hear that."""
    return format_html('{}<span class="hidden">{}</span>', _svg(name), label) if label else _svg(name)


# --- Levels -----------------------------------------------------------------------------------------------------------
@register.inclusion_tag("components/level.html")
def level(value: int | None, *, word: bool = False, name: str = "", state: str = "") -> dict[str, Any]:
    css, shown, reads = LEVEL_STATES[state or ("none" if value is None else "unknown")]
    if value is not None and not state:
        css, shown, reads = f"l{value}", str(value), ""
        name = name or LEVEL_NAMES[value]
    return {"css": css, "shown": shown, "reads": reads, "name": name if word and not reads else ""}


def _numbers(verified: int | None, reached: int | None, potential: int | None) -> str:
    if verified is None or reached is None or potential is None:
        return ""
    return f"level {reached}, verified {verified}, up to {potential}"


@register.inclusion_tag("components/range.html", name="range")
def range_track(verified: int | None, reached: int | None, potential: int | None) -> dict[str, Any]:
    """The track; in the order verified <= level <= potential."""

    def side(step: int) -> str:
        if verified is None or reached is None or potential is None or step > potential:
            return ""
        kind = "v" if step <= verified else "l" if step <= reached else "p"
        return f"{kind} here" if step == reached else kind

    steps = [(step, side(step)) for step in range(len(LEVEL_NAMES))]
    return {"steps": steps, "reads": _numbers(verified, reached, potential) or "no level"}


@register.inclusion_tag("components/three_numbers.html")
def three_numbers(verified: int | None, reached: int | None, potential: int | None) -> dict[str, Any]:
    return {"verified": verified, "level": reached, "potential": potential}


@register.inclusion_tag("components/legend.html")
def legend(kind: str = "levels", names: Sequence[str] = LEVEL_NAMES) -> dict[str, Any]:
    return {"kind": kind, "levels": list(enumerate(names))}


# --- Parts of a page --------------------------------------------------------------------------------------------------
@register.inclusion_tag("components/breadcrumb.html")
def breadcrumb(crumbs: Sequence[parts.Link], label: str = "Breadcrumb") -> dict[str, Any]:
    return {"crumbs": crumbs, "label": label}


@register.inclusion_tag("components/page_head.html")
def page_head(
    title: str,
    lead: str = "",
    *,
    crumbs: Sequence[parts.Link] = (),
    action: parts.Link | None = None,
    action_is_main: bool = True,
    meta: Sequence[parts.Meta] = (),
) -> dict[str, Any]:
    return {
        "title": title,
        "lead": lead,
        "crumbs": crumbs,
        "action": action,
        "action_is_main": action_is_main,
        "meta": meta,
    }


@register.inclusion_tag("components/fact.html")
def fact(item: parts.Fact) -> dict[str, Any]:
    return {"fact": item}


@register.inclusion_tag("components/verdict_line.html")
def verdict_line(item: parts.Verdict) -> dict[str, Any]:
    image, word, css = OUTCOMES[item.outcome]
    return {"verdict": item, "image": image, "word": word, "css": "sign--soft" if item.is_claim else css}


@register.inclusion_tag("components/evidence_chip.html")
def evidence_chip(item: parts.Evidence) -> dict[str, Any]:
    image = {"link": "link", "file": "file-text", "note": "sticky-note"}[item.form]
    return {"evidence": item, "image": image}


@register.inclusion_tag("components/answer_group.html")
def answer_group(ask: parts.Ask) -> dict[str, Any]:
    return {"ask": ask}


@register.inclusion_tag("components/ladder.html")
def ladder(rungs: Sequence[parts.Rung], names: Sequence[str] = LEVEL_NAMES) -> dict[str, Any]:
    return {"rungs": [(rung, names[rung.level]) for rung in rungs]}


@register.inclusion_tag("components/conflict_panel.html", takes_context=True)
def conflict_panel(context: template.Context, conflict: parts.Conflict) -> dict[str, Any]:
    return {"conflict": conflict, "csrf_token": _csrf(context)}


@register.inclusion_tag("components/comment_thread.html", takes_context=True)
def comment_thread(
    context: template.Context, comments: Sequence[parts.Comment], *, post_url: str = "", key: str = "comments"
) -> dict[str, Any]:
    return {
        "comments": comments,
        "post_url": post_url,
        "key": key,
        "csrf_token": _csrf(context),
    }


@register.inclusion_tag("components/task_list.html")
def task_list(tasks: Sequence[parts.Task]) -> dict[str, Any]:
    return {"tasks": [(task, TASK_WORDS.get(task.state, "")) for task in tasks]}


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: str, why: str, action: parts.Link | None = None) -> dict[str, Any]:
    return {"title": title, "why": why, "action": action}


@register.inclusion_tag("components/notice.html")
def notice(
    text: str, kind: str = "info", *, title: str = "", link: parts.Link | None = None
) -> dict[str, Any]:
    return {"text": text, "kind": kind, "image": NOTICE_ICONS[kind], "title": title, "link": link}


@register.inclusion_tag("components/notice.html")
def message_notice(message: Any) -> dict[str, Any]:
    """One of Django's messages as a notice."""
    kind = MESSAGE_KINDS.get(message.level_tag, "info")
    return {"text": message.message, "kind": kind, "image": NOTICE_ICONS[kind], "title": "", "link": None}


@register.inclusion_tag("components/dialog.html", takes_context=True)
def dialog(
    context: template.Context,
    key: str,
    title: str,
    text: str,
    *,
    action: str,
    do: str,
    undo: str = "Cancel",
    is_destructive: bool = False,
) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "text": text,
        "action": action,
        "do": do,
        "undo": undo,
        "is_destructive": is_destructive,
        "csrf_token": _csrf(context),
    }


@register.inclusion_tag("components/table.html")
def table(
    caption: str,
    columns: Sequence[parts.Column],
    rows: Sequence[parts.Row],
    *,
    is_tight: bool = False,
    empty: str = "",
) -> dict[str, Any]:
    lines = [(row, list(zip(row.cells, columns[1:], strict=True))) for row in rows]
    return {"caption": caption, "columns": columns, "lines": lines, "is_tight": is_tight, "empty": empty}


@register.inclusion_tag("components/filter_bar.html")
def filter_bar(
    form: BaseForm, *, count: str = "", chips: Sequence[parts.Link] = (), steps: Sequence[parts.Step] = ()
) -> dict[str, Any]:
    return {"form": form, "count": count, "chips": chips, "steps": steps}


@register.inclusion_tag("components/stepper.html")
def stepper(steps: Sequence[parts.Step], label: str = "Period") -> dict[str, Any]:
    return {"steps": steps, "label": label}


@register.inclusion_tag("components/chart_frame.html")
def chart_frame(
    key: str,
    title: str,
    figure: dict[str, Any],
    *,
    columns: Sequence[parts.Column],
    rows: Sequence[parts.Row],
    csv_url: str = "",
    reads: str = "",
) -> dict[str, Any]:
    return {
        "key": key,
        "figure_key": f"{key}-figure",
        "title": title,
        "figure": figure,
        "columns": columns,
        "lines": [(row, list(zip(row.cells, columns[1:], strict=True))) for row in rows],
        "csv_url": csv_url,
        "reads": reads or title,
    }


@register.inclusion_tag("components/pagination.html")
def pagination(page: Page[Any], query: QueryDict | None = None, *, label: str = "Pages") -> dict[str, Any]:
    return {"page": page, "query": query_without(query, "page"), "label": label}


@register.inclusion_tag("components/theme_switch.html", takes_context=True)
def theme_switch(context: template.Context, theme: str, action: str) -> dict[str, Any]:
    themes = (("system", "As the device"), ("light", "Light"), ("dark", "Dark"))
    return {"theme": theme, "themes": themes, "action": action, "csrf_token": _csrf(context)}


# --- Forms ------------------------------------------------------------------------------------------------------------
@register.inclusion_tag("components/form_field.html")
def form_field(field: BoundField, *, mark_optional: bool = True) -> dict[str, Any]:
    """Label, help, error and widget. The widget's aria-describedby names help and error, whichever are there."""
    kind = getattr(field.field.widget, "input_type", "")
    is_group = field.use_fieldset
    about = [f"{field.auto_id}_helptext"] if field.help_text else []
    about += [f"{field.auto_id}_error"] if field.errors else []
    attrs: dict[str, Any] = {} if kind in ("checkbox", "radio") else {"class": "input"}
    if about and not is_group:
        attrs["aria-describedby"] = " ".join(about)
    return {
        "field": field,
        "widget": field.as_widget(attrs=attrs) if not is_group else "",
        "is_group": is_group,
        "is_check": kind == "checkbox" and not is_group,
        "about": " ".join(about),
        "is_optional": mark_optional and not field.field.required and kind != "checkbox",
    }


@register.inclusion_tag("components/form.html", takes_context=True)
def form(
    context: template.Context,
    form: BaseForm,
    submit: str,
    *,
    action: str = "",
    method: str = "post",
    back: parts.Link | None = None,
    is_main: bool = True,
) -> dict[str, Any]:
    return {
        "form": form,
        "submit": submit,
        "action": action,
        "method": method,
        "back": back,
        "is_main": is_main,
        "csrf_token": _csrf(context),
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm, state: str = "Nothing was saved.") -> dict[str, Any]:
    """All errors of a bound form with links to their fields, after what they mean; nothing where there are none."""
    listed = []
    for name, errors in form.errors.items():
        field = form[name] if name in form.fields else None
        target = (field.id_for_label or field.auto_id) if field is not None else ""
        listed += [(target, f"{field.label}: {error}" if field is not None else error) for error in errors]
    return {"errors": listed, "state": state}
