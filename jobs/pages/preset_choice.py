"""The preset that a job on the new-job page begins with: named in the address, then sent along with the form."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from jobs.forms.job import JobForm, RawRequestForm
from jobs.forms.preset import hold
from jobs.models import Preset
from jobs.services.submitting import presets
from teams.access import MemberRequest


def chosen(request: MemberRequest) -> Preset | None:
    """The team's preset that is named; Http404 for any other."""
    slug = request.POST.get("preset") or request.GET.get("preset")
    if not slug:
        return None
    # PostgreSQL cannot look for a text with a NUL character.
    found = None if "\0" in slug else presets.find(request.team, slug)
    if found is None:
        raise Http404("There is no such preset in this team.")
    return found


def is_unlocked(request: MemberRequest) -> bool:
    """Whether an admin asked to change what the preset locks."""
    return request.member.can_admin and "1" in (request.POST.get("unlock"), request.GET.get("unlock"))


def held(request: MemberRequest, form: JobForm | RawRequestForm) -> None:
    """Keep in a form what the preset locks. A pasted request is held to it when it is submitted."""
    preset = chosen(request)
    if preset and isinstance(form, JobForm) and not is_unlocked(request):
        hold(form, preset)


def check_held(request: MemberRequest, form: JobForm | RawRequestForm) -> None:
    """Raise InvalidFields where a valid form has other than what the preset locks."""
    preset = chosen(request)
    if preset and not is_unlocked(request):
        presets.hold(preset, *form.parsed)


def picked(request: MemberRequest) -> HttpResponse | None:
    """Where the picker leads: to the form with the preset, or to those whose name has the text."""
    text = request.GET.get("pick", "").strip()
    if not text:
        return None
    found = presets.find(request.team, text)
    if found is None:
        return redirect(f"{reverse('presets')}?{urlencode({'q': text})}")
    return redirect(f"{reverse('new-job')}?{urlencode({'preset': found.slug})}")
