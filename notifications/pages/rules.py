"""The pages of rules."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from notifications.forms.rule import RuleForm
from notifications.models import Channel, NotificationRule
from notifications.pages.channels import find_channel
from notifications.services import rules as service
from notifications.services.channels import check_change
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question


@require_http_methods(["GET", "POST"])
@member_required()
def new_rule(request: MemberRequest, channel: str) -> HttpResponse:
    """Add a rule to a channel."""
    row = find_channel(request, channel)
    check_change(row, request.member)
    form = RuleForm(row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.save(request.member):
        messages.success(request, "The rule is added; it is about what happens from now on.")
        return redirect("channel", channel=row.key)
    return _form_page(request, row, form)


@require_http_methods(["GET", "POST"])
@member_required()
def edit_rule(request: MemberRequest, rule_pk: int) -> HttpResponse:
    """Change a rule."""
    rule = _find_rule(request, rule_pk)
    check_change(rule.channel, request.member)
    form = RuleForm(rule.channel, request.POST if request.method == "POST" else None, rule=rule)
    if request.method == "POST" and form.save(request.member):
        messages.success(request, "The rule is changed.")
        return redirect("channel", channel=rule.channel.key)
    return _form_page(request, rule.channel, form)


@require_http_methods(["GET", "POST"])
@member_required()
def remove_rule(request: MemberRequest, rule_pk: int) -> HttpResponse:
    """Ask, then remove a rule."""
    rule = _find_rule(request, rule_pk)
    check_change(rule.channel, request.member)
    if request.method == "GET":
        return confirming.ask(request, _remove_question(rule))
    service.remove(rule, request.member)
    messages.success(request, "The rule is removed.")
    return redirect("channel", channel=rule.channel.key)


def _find_rule(request: MemberRequest, pk: int) -> NotificationRule:
    rule = service.visible_rules(request.member).filter(pk=pk).first()
    if rule is None:
        raise Http404("There is no such rule in this team.")
    return rule


def _form_page(request: MemberRequest, row: Channel, form: RuleForm) -> HttpResponse:
    context = {"form": form, "channel": row, "rule": form.rule}
    return render(request, "notifications/rule.html", context, status=400 if form.errors else 200)


def _remove_question(rule: NotificationRule) -> Question:
    return Question(
        title=f"Remove this rule of {rule.channel.name}?",
        says="Nothing more is sent by it. The channel and its log stay.",
        button="Remove the rule",
        action=reverse("remove-rule", args=[rule.pk]),
        back=rule.channel.get_absolute_url(),
        facts=(("Events", str(rule)), ("Only", ", ".join(rule.conditions) or "every job")),
    )
