"""The pages of channels."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.services.errors import InvalidFields, NotPossible
from notifications.forms.channel import KINDS, ChannelForm, NewChannelForm, is_mail_set_up
from notifications.models import Channel, ChannelKind
from notifications.services import channels as service
from notifications.services import deliveries
from teams import confirming
from teams.access import MemberRequest, member_required, require
from teams.confirming import Question
from teams.models import Role

#: Messages on a channel's page.
_LATEST = 10


@require_GET
@member_required()
def notifications(request: MemberRequest) -> HttpResponse:
    """The person's channels and the team's, with their rules."""
    rows = list(service.visible(request.member).prefetch_related("rules"))
    context = {
        "own": [channel for channel in rows if channel.owner_id is not None],
        "team_channels": [channel for channel in rows if channel.owner_id is None],
        "kinds": _offered_kinds(),
        "mail": is_mail_set_up(),
        "browser": any(channel.kind == ChannelKind.BROWSER for channel in rows),
    }
    return render(request, "notifications/notifications.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@member_required()
def new_channel(request: MemberRequest) -> HttpResponse:
    """Make a channel of the kind `?kind=`, the team's with `?for=team`; a webhook's secret is shown once."""
    kind, for_team = request.GET.get("kind", ChannelKind.WEBHOOK), request.GET.get("for") == "team"
    if kind not in KINDS:
        raise Http404("There is no such kind of channel.")
    if for_team:
        require(request.member, Role.ADMIN)
    form = NewChannelForm(ChannelKind(kind), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        channel = form.create(request.member, for_team=for_team)
        if channel is not None and channel.secret:
            return _page(request, channel, ChannelForm(channel), secret=channel.secret)
        if channel is not None:
            messages.success(
                request, f"{channel.name} is added. Add a rule: without one nothing is sent to it."
            )
            return redirect("channel", channel=channel.key)
    context = {
        "form": form,
        "kind": ChannelKind(kind),
        "for_team": for_team,
        "mail_missing": kind == ChannelKind.EMAIL and not is_mail_set_up(),
    }
    return render(request, "notifications/new_channel.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@member_required()
def channel(request: MemberRequest, channel: str) -> HttpResponse:
    """A channel: its address, rules and latest messages; a POST changes it."""
    row = find_channel(request, channel)
    if request.method == "POST":
        service.check_change(row, request.member)
    form = ChannelForm(row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and form.change(request.member):
        messages.success(request, f"{form.cleaned_data['name']} is changed.")
        return redirect("channel", channel=row.key)
    return _page(request, row, form)


@require_POST
@member_required()
def test_channel(request: MemberRequest, channel: str) -> HttpResponse:
    """Send a test message, and show what becomes of it."""
    row = find_channel(request, channel)
    try:
        delivery = service.send_test(row, request.member)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("channel", channel=row.key)
    return redirect("delivery", delivery=delivery.key)


@require_POST
@member_required()
def switch_channel(request: MemberRequest, channel: str) -> HttpResponse:
    """Switch a channel off, or on again."""
    row = find_channel(request, channel)
    row = service.change(row, request.member, {"is_on": not row.is_on})
    messages.success(request, f"{row.name} is {'on' if row.is_on else 'off'} now.")
    return redirect("channel", channel=row.key)


@never_cache
@require_http_methods(["GET", "POST"])
@member_required()
def renew_secret(request: MemberRequest, channel: str) -> HttpResponse:
    """Ask, then make a new secret and show it once."""
    row = find_channel(request, channel)
    service.check_change(row, request.member)
    if row.kind != ChannelKind.WEBHOOK:
        raise Http404("Only webhooks have a secret.")
    if request.method == "GET":
        return confirming.ask(request, _secret_question(row))
    secret = service.renew_secret(row, request.member)
    row.refresh_from_db()
    return _page(request, row, ChannelForm(row), secret=secret)


@require_http_methods(["GET", "POST"])
@member_required()
def remove_channel(request: MemberRequest, channel: str) -> HttpResponse:
    """Ask, then remove a channel."""
    row = find_channel(request, channel)
    service.check_change(row, request.member)
    if request.method == "GET":
        return confirming.ask(request, _remove_question(row))
    service.remove(row, request.member)
    messages.success(request, f"{row.name} is removed.")
    return redirect("notifications")


@require_POST
@member_required()
def use_browser(request: MemberRequest) -> HttpResponse:
    """Make the person's channel for browsers, if there is none."""
    try:
        row = service.browser_channel(request.member)
    except InvalidFields as error:
        messages.error(request, str(error))
        return redirect("notifications")
    messages.success(request, "Pages show what happens while they are open. Add a rule that says what.")
    return redirect("channel", channel=row.key)


def find_channel(request: MemberRequest, key: str) -> Channel:
    """The channel of this key that the person sees; Http404 for any other."""
    row = service.visible(request.member).filter(key=key).first()
    if row is None:
        raise Http404("There is no such channel in this team.")
    return row


def _page(request: MemberRequest, row: Channel, form: ChannelForm, secret: str = "") -> HttpResponse:
    context = {
        "channel": row,
        "form": form,
        "rules": row.rules.all(),
        "deliveries": deliveries.visible_deliveries(request.member).filter(channel=row)[:_LATEST],
        "may_change": row.may_be_changed_by(request.member),
        "is_webhook": row.kind == ChannelKind.WEBHOOK,
        "is_browser": row.kind == ChannelKind.BROWSER,
        "secret": secret,
    }
    return render(request, "notifications/channel.html", context, status=400 if form.errors else 200)


def _offered_kinds() -> list[tuple[str, str]]:
    return [(kind.value, kind.label) for kind in KINDS if kind != ChannelKind.EMAIL or is_mail_set_up()]


def _secret_question(row: Channel) -> Question:
    return Question(
        title=f"Make a new secret for {row.name}?",
        says="It is shown once. For 24 hours messages are signed with both secrets, then with the new one alone.",
        button="Make a new secret",
        action=reverse("channel-secret", args=[row.key]),
        back=row.get_absolute_url(),
        facts=(("Address", row.shown_address),),
    )


def _remove_question(row: Channel) -> Question:
    return Question(
        title=f"Remove the channel {row.name}?",
        says="Its rules and the log of its messages are deleted, and what waits to be sent is not sent.",
        button="Remove the channel",
        action=reverse("remove-channel", args=[row.key]),
        back=row.get_absolute_url(),
        facts=(
            ("Kind", ChannelKind(row.kind).label),
            ("Rules", f"{row.rules.count():,}"),
            ("Messages", f"{row.deliveries.count():,}"),
        ),
    )
