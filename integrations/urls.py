"""Addresses of connections and the sources that they give to teams. `hook_urlpatterns` are for systems, not for people."""

from __future__ import annotations

from django.urls import path

from integrations.connectors.hooks import HOOKS
from integrations.views import connections, health, hooks, inbound, mapping, running, sources, trace, upkeep

app_name = "integrations"

_ONE = "connections/<int:pk>/"
_SOURCE = f"{_ONE}sources/<int:source_pk>/"

urlpatterns = [
    path("connections/", connections.connection_list, name="connection-list"),
    path("connections/new/", connections.connection_choose, name="connection-choose"),
    path("connections/new/<slug:kind>/", connections.connection_create, name="connection-create"),
    path("connections/health/", health.health_list, name="health-list"),
    path("connections/rules/", health.rule_list, name="rule-list"),
    path("connections/mapping/<slug:team>/", mapping.mapping_detail, name="mapping-detail"),
    path(_ONE, connections.connection_detail, name="connection-detail"),
    path(f"{_ONE}edit/", connections.connection_edit, name="connection-edit"),
    path(f"{_ONE}credential/", upkeep.connection_set_secret, name="connection-set-secret"),
    path(f"{_ONE}pause/", upkeep.connection_pause, name="connection-pause"),
    path(f"{_ONE}resume/", upkeep.connection_resume, name="connection-resume"),
    path(f"{_ONE}remove/", upkeep.connection_remove, name="connection-remove"),
    path(f"{_ONE}webhook/", hooks.connection_hook, name="connection-hook"),
    path(f"{_ONE}webhook/secret/", hooks.connection_hook_secret, name="connection-hook-secret"),
    path(f"{_ONE}webhook/token/", hooks.connection_hook_token, name="connection-hook-token"),
    path(f"{_ONE}webhook/remove/", hooks.connection_hook_remove, name="connection-hook-remove"),
    path(f"{_ONE}test/", running.connection_test, name="connection-test"),
    path(f"{_ONE}collect/", running.connection_collect, name="connection-collect"),
    path(f"{_ONE}sources/new/", sources.source_create, name="source-create"),
    path("teams/<slug:slug>/trace/", trace.trace_detail, name="trace-detail"),
    path(f"{_SOURCE}edit/", sources.source_edit, name="source-edit"),
    path(f"{_SOURCE}confirm/", sources.source_confirm, name="source-confirm"),
    path(f"{_SOURCE}take-over/", mapping.source_take_over, name="source-take-over"),
    path(f"{_SOURCE}follow-file/", mapping.source_follow_file, name="source-follow-file"),
    path(f"{_SOURCE}remove/", sources.source_remove, name="source-remove"),
]

# Without sign-in and without a name space: whoever calls knows a secret, or is sent away.
hook_urlpatterns = [
    path(f"{kind}/<str:key>/", inbound.hook_receive, {"kind": kind}, name=f"hook-{kind}") for kind in HOOKS
]
