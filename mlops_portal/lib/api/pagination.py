"""Pages by cursor: items are neither lost nor doubled while rows are added. Follow `next`, do not build it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as WrongValue
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor as Place
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response


class Cursor(CursorPagination):
    """`{"items": [...], "next": address or null, "prev": address or null}`; `limit` up to 200.

    `ordering` is one unique field: a second one would stop at a page whose rows are all equal in the first.
    """

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    page_size_query_description = "How many items a page holds, 1 to 200."
    cursor_query_param = "cursor"
    cursor_query_description = "Where a page begins. Follow `next` and `prev`, do not build one."
    ordering: str | tuple[str, ...] = "pk"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page. Raises ValidationError (400) for a limit or a cursor that cannot be used."""
        self._model = queryset.model
        page: list[Any] = super().paginate_queryset(queryset, request, view) or []
        return page

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdecimal() and 1 <= int(given[:4]) <= self.max_page_size):
            raise ValidationError({"limit": [f"A whole number from 1 to {self.max_page_size}."]})
        return int(given)

    def decode_cursor(self, request: Request) -> Place | None:
        """The place in the list. A cursor is a client's word: its value must be one that the ordering can have."""
        refused = ValidationError({"cursor": ["This cursor does not come from this list. Follow `next`."]})
        try:
            place = super().decode_cursor(request)
        except NotFound as error:
            raise refused from error
        if place is None or place.position is None:
            return place
        name = self.ordering if isinstance(self.ordering, str) else self.ordering[0]
        meta = self._model._meta  # noqa: SLF001 -- Django's documented way to a model's fields
        field = meta.pk if name.endswith("pk") else meta.get_field(name.lstrip("-"))
        try:
            field.to_python(place.position)
        except WrongValue as error:
            raise refused from error
        if "\x00" in str(place.position):
            raise refused
        return place

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "next": self.get_next_link(), "prev": self.get_previous_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri", "example": None}
        return {
            "type": "object",
            "required": ["items", "next", "prev"],
            "properties": {"items": schema, "next": link, "prev": link},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "limit":
                parameter["schema"] = {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                }
        return parameters


class BySlug(Cursor):
    """For things whose slug is their name: a stable order that a person can follow."""

    ordering = "slug"


class Newest(Cursor):
    """For facts: the newest first, in the order in which they were stored."""

    ordering = "-pk"
