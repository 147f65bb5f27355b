"""What all views of the API share."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

PAGING = frozenset({"limit", "cursor"})


class KnownParameters(APIView):
    """Refuses query parameters that the view does not name: a misspelt filter must not pass for "all"."""

    parameters: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        allowed = self.parameters | (
            PAGING if getattr(self, "pagination_class", None) is not None else frozenset()
        )
        unknown = sorted(set(request.query_params) - allowed)
        if unknown:
            known = ", ".join(sorted(allowed)) or "none"
            raise ValidationError({name: [f"Unknown parameter; known here: {known}."] for name in unknown})
