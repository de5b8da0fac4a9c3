"""The pages of messages, and what open pages show of them."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jobs.services.errors import NotPossible
from notifications.models import Delivery, DeliveryState
from notifications.services import channels
from notifications.services import deliveries as service
from notifications.texts import message_text
from teams.access import MemberRequest, member_required
from teams.whole_numbers import parse_whole_number

_PAGE = 50


@require_GET
@member_required()
def deliveries(request: MemberRequest) -> HttpResponse:
    """A page of the log, newest first, of all channels or of `?channel=`, in any state or in `?state=`."""
    rows = service.visible_deliveries(request.member)
    filters = {name: value for name in ("channel", "state") if (value := request.GET.get(name, ""))}
    if key := filters.get("channel"):
        rows = rows.filter(channel__key=key)
    if state := filters.get("state"):
        rows = rows.filter(state=state)
    before = parse_whole_number(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page_rows = list(rows[: _PAGE + 1])
    older = {**filters, "before": page_rows[_PAGE - 1].pk} if len(page_rows) > _PAGE else {}
    context = {
        "deliveries": page_rows[:_PAGE],
        "older": urlencode(older),
        "filters": filters,
        "channels": channels.visible(request.member),
        "states": DeliveryState.choices,
    }
    return render(request, "notifications/deliveries.html", context)


@require_GET
@member_required()
def delivery(request: MemberRequest, delivery: str) -> HttpResponse:
    """A message: what was sent, and each try with its answer."""
    row = _find_delivery(request, delivery)
    context = {
        "delivery": row,
        "message": message_text(row.payload),
        "payload": json.dumps(row.payload, indent=2, ensure_ascii=False),
        "attempts": row.attempts.all(),
        "may_change": row.channel.may_be_changed_by(request.member),
        "polls": not row.is_over and "HX-Request" not in request.headers,
    }
    live = "HX-Request" in request.headers
    return render(request, f"notifications/delivery{'_live' if live else ''}.html", context)


@require_POST
@member_required()
def redeliver(request: MemberRequest, delivery: str) -> HttpResponse:
    """Send a message again."""
    row = _find_delivery(request, delivery)
    try:
        service.redeliver(row, request.member)
        messages.success(request, "It is sent again.")
    except NotPossible as error:
        messages.error(request, str(error))
    return redirect("delivery", delivery=row.key)


@never_cache
@require_GET
@member_required()
def news(request: MemberRequest) -> JsonResponse:
    """The person's browser messages with ids above `?after=`; without it only the id to begin from."""
    after = parse_whole_number(request.GET.get("after", ""))
    if after is None:
        return JsonResponse({"last": service.newest_browser_id(request.member), "news": []})
    rows = service.browser_news(request.member, after)
    return JsonResponse({"last": rows[-1]["id"] if rows else after, "news": rows})


def _find_delivery(request: MemberRequest, key: str) -> Delivery:
    row = service.visible_deliveries(request.member).filter(key=key).first()
    if row is None:
        raise Http404("There is no such message in this team.")
    return row
