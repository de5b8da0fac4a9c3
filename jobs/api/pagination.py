"""Pages by id, newest first: equally fast at any depth, and stable while rows are added."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from jobs import queries


class NewestFirst(BasePagination):
    """Pages of a view whose query is a `PageQuery`: `before` and `after` are row ids out of `next` and `previous`."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page of rows; also stores what the links to its neighbours need."""
        self.url = request.build_absolute_uri()
        before, after, limit = view.words.get("before"), view.words.get("after"), view.words["limit"]
        if after is not None:
            rows = list(reversed(self.side(queryset, after, back=True)[: limit + 1]))
            self.has_newer, self.has_older = len(rows) > limit, True
            rows = rows[-limit:]
        else:
            rows = list(self.side(queryset, before)[: limit + 1])
            self.has_newer, self.has_older = before is not None, len(rows) > limit
            rows = rows[:limit]
        self.rows = rows
        return rows

    def side(self, rows: Any, cursor: int | None, *, back: bool = False) -> Any:
        """The rows after the one with the id `cursor`, nearest first; with `back` those before it."""
        if back:
            return rows.filter(id__gt=cursor).order_by("id")
        return (rows.filter(id__lt=cursor) if cursor else rows).order_by("-id")

    def get_paginated_response(self, data: Any) -> Response:
        """`results`, and the URLs of the older and the newer page, null if there is none."""
        older = self._link("before", self.rows[-1].pk) if self.rows and self.has_older else None
        newer = self._link("after", self.rows[0].pk) if self.rows and self.has_newer else None
        return Response({"results": data, "next": older, "previous": newer})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The answer's shape for the API's schema."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def _link(self, name: str, value: int) -> str:
        opposite = "after" if name == "before" else "before"
        return str(replace_query_param(remove_query_param(self.url, opposite), name, value))


class InOrder(NewestFirst):
    """Pages of jobs in the order of `sort`."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page of jobs; raises FilterError for an unknown order."""
        self.sort = queries.sort_of(view.words.get("sort", ""))
        return super().paginate_queryset(queryset, request, view)

    def side(self, rows: Any, cursor: int | None, *, back: bool = False) -> Any:
        """The rows after or before the cursor in the order of `sort`."""
        return queries.jobs_after(rows, self.sort, cursor, back=back)
