"""Which kinds of systems can tell the portal that something happened, and how each says it. Pure."""

from __future__ import annotations

from integrations.connectors.hooks.base import Hook
from integrations.connectors.hooks.github import GithubHook
from integrations.connectors.hooks.gitlab import GitlabHook

# By the kind of the connection.
HOOKS: dict[str, Hook] = {hook.kind: hook for hook in (GithubHook(), GitlabHook())}
