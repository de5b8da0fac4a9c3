"""The page for people who forgot their password."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from teams import account_mails, mailing
from teams.addresses import client_address


@never_cache
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a user name or an address, and mail a link; the answer is the same whether anybody has it."""
    asked_for = request.POST.get("who", "").strip()
    sent = request.method == "POST" and mailing.can_send_links()
    if sent and asked_for and "\0" not in asked_for:
        account_mails.ask_for_password_link(asked_for, client_address(request))
    return render(request, "teams/forgotten.html", {"sent": sent, "can_mail": mailing.can_send_links()})
