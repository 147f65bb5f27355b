"""Pages by cursor: items are neither lost nor doubled while rows are added. Follow `next`, do not build it."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class Cursor(CursorPagination):
    """`{"items": [...], "next": address or null, "prev": address or null}`; `limit` up to 200."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    cursor_query_param = "cursor"
    ordering: str | tuple[str, ...] = "pk"

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "next": self.get_next_link(), "prev": self.get_previous_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["items", "next", "prev"],
            "properties": {"items": schema, "next": link, "prev": link},
        }


class BySlug(Cursor):
    """For things whose slug is their name: a stable order that a person can follow."""

    ordering = "slug"


class Newest(Cursor):
    """For facts: the newest first."""

    ordering = ("-received_at", "-pk")
