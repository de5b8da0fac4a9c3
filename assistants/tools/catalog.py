"""Tools about what jobs are made of: models, presets and connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistants.tool import Caller, Tool, number, text
from jobs import queries
from jobs.api import serializers
from jobs.models import Preset
from jobs.services.registry import figures, registered_models

_ROWS = {"type": "array", "items": {"type": "object"}}


def _models(caller: Caller, *, q: str = "", limit: int = 20) -> Mapping[str, Any]:
    rows = registered_models.search(queries.models(caller.member.team), q)
    page = list(rows.order_by("-pk")[: limit + 1])
    context = {"request": caller.request, "figures": figures.of(page[:limit])}
    answers = serializers.ModelAnswer(page[:limit], many=True, context=context).data
    # Containers may have variables that assistants need not see; `image` and `model_data` say what the model is.
    models = [
        {name: answer[name] for name in answer if name not in ("env", "containers")} for answer in answers
    ]
    return {"models": models, "more": len(page) > limit}


def _presets(caller: Caller, *, limit: int = 20) -> Mapping[str, Any]:
    rows = Preset.objects.for_team(caller.member.team).select_related("model__connection", "created_by")
    page = list(rows.order_by("-pk")[: limit + 1])
    return {
        "presets": serializers.PresetAnswer(page[:limit], many=True).data,
        "more": len(page) > limit,
    }


def _connections(caller: Caller) -> Mapping[str, Any]:
    rows = queries.connections(caller.member.team)[:50]
    return {
        "connections": [
            {
                "slug": row.slug,
                "name": row.name,
                "kind": row.kind,
                "region": row.region,
                "problem": row.last_error,
            }
            for row in rows
        ]
    }


TOOLS = (
    Tool(
        name="list_models",
        title="List models",
        description="Registered models, newest first, each with figures of the last 90 days: jobs, success rate, "
        "median time and cost.",
        act=_models,
        arguments={
            "q": text("Words of the name, image, description or connection."),
            "limit": number("How many models.", most=50, default=20),
        },
        result={"models": _ROWS, "more": {"type": "boolean"}},
    ),
    Tool(
        name="list_presets",
        title="List presets",
        description="Saved requests, newest first, with the fields of each and which of them are locked.",
        act=_presets,
        arguments={"limit": number("How many presets.", most=50, default=20)},
        result={"presets": _ROWS, "more": {"type": "boolean"}},
    ),
    Tool(
        name="list_connections",
        title="List connections",
        description="Where jobs can run: AWS accounts and engines.",
        act=_connections,
        arguments={},
        result={"connections": _ROWS},
    ),
)
