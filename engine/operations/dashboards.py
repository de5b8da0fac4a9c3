"""CloudWatch's dashboards: PutDashboard, GetDashboard, ListDashboards, DeleteDashboards. They are stored, not drawn."""

from __future__ import annotations

import json
import re
from typing import Any

from engine.config import Config
from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.paging import make_token, read_token
from engine.operations.table import operation
from engine.store.clock import now
from engine.store.dashboards import DashboardRow

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_PAGE = 1000


@operation("cloudwatch", "PutDashboard")
def put_dashboard(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a dashboard. Its body is JSON with a list of widgets."""
    name, body = params.get("DashboardName", ""), params.get("DashboardBody", "")
    if not _NAME.fullmatch(name):
        raise _invalid(f"The DashboardName {name!r} must have 1 to 255 letters, digits, - and _.")
    if params.get("Tags"):
        raise _invalid("The embedded engine has no tags of dashboards.")
    try:
        widgets = json.loads(body)["widgets"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _invalid(f"The DashboardBody must be a JSON object with widgets: {error!r}.") from None
    if not isinstance(widgets, list) or not all(
        isinstance(widget, dict) and "type" in widget for widget in widgets
    ):
        raise _invalid("The DashboardBody's widgets must be a list of objects, each with a type.")
    ctx.store.dashboards.put(DashboardRow(name, body, now()))
    return {"DashboardValidationMessages": []}


@operation("cloudwatch", "GetDashboard")
def get_dashboard(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A dashboard with its body."""
    row = ctx.store.dashboards.get(params.get("DashboardName", ""))
    if row is None:
        raise _not_found(params.get("DashboardName", ""))
    return {"DashboardArn": _arn(ctx.config, row.name), "DashboardBody": row.body, "DashboardName": row.name}


@operation("cloudwatch", "ListDashboards")
def list_dashboards(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The dashboards that the caller may use, by name."""
    prefix = params.get("DashboardNamePrefix", "")
    rows = [
        row
        for row in ctx.store.dashboards.list()
        if row.name.startswith(prefix) and ctx.scope.allows_job(row.name)
    ]
    if token := params.get("NextToken"):
        position = read_token("dashboards", token, (str,))
        if position is None:
            raise ServiceError("InvalidParameterValue", "The NextToken is invalid.")
        rows = [row for row in rows if row.name > position[0]]
    more = {"NextToken": make_token("dashboards", [rows[_PAGE - 1].name])} if len(rows) > _PAGE else {}
    return {"DashboardEntries": [_entry(ctx.config, row) for row in rows[:_PAGE]], **more}


@operation("cloudwatch", "DeleteDashboards")
def delete_dashboards(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete dashboards; if one does not exist, none is deleted."""
    names = params.get("DashboardNames", [])
    for name in names:
        if ctx.store.dashboards.get(name) is None:
            raise _not_found(name)
    ctx.store.dashboards.delete(names)
    return {}


def _arn(config: Config, name: str) -> str:
    return f"arn:aws:cloudwatch::{config.account_id}:dashboard/{name}"


def _entry(config: Config, row: DashboardRow) -> dict[str, Any]:
    return {
        "DashboardName": row.name,
        "DashboardArn": _arn(config, row.name),
        "LastModified": row.modified,
        "Size": len(row.body.encode()),
    }


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterInput", message)


def _not_found(name: str) -> ServiceError:
    return ServiceError("ResourceNotFound", f"Dashboard {name} does not exist", 404)
