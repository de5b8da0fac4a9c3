"""The draft of a request to the new-job page: the job and the preset that it names, and its form."""

from __future__ import annotations

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from jobs.forms.job import JobForm, RawRequestForm
from jobs.forms.preset import lock_fields
from jobs.services.submitting import presets
from jobs.services.submitting.drafting import Draft, NotInTeam, begin_draft
from teams.access import MemberRequest


def draft_of(request: MemberRequest) -> Draft:
    """The draft that the address or the form names; Http404 for a job or preset of another team."""
    # The address names the preset at first; the form sends it along.
    preset = request.POST.get("preset") or request.GET.get("preset") or ""
    unlock = "1" in (request.POST.get("unlock"), request.GET.get("unlock"))
    try:
        return begin_draft(
            request.member, source_key=request.GET.get("from", ""), preset_text=preset, unlock=unlock
        )
    except NotInTeam as error:
        raise Http404(str(error)) from error


def keep_locked(draft: Draft, form: JobForm | RawRequestForm) -> None:
    """Lock the preset's locked fields in a form. A pasted request is checked when it is submitted."""
    if draft.locking_preset and isinstance(form, JobForm):
        lock_fields(form, draft.locking_preset)


def filled_form(draft: Draft, data: QueryDict) -> JobForm:
    """The form with this data, and with the preset's values in its locked fields."""
    form = JobForm(draft.team, data)
    keep_locked(draft, form)
    return form


def response_to_pick(request: MemberRequest) -> HttpResponse | None:
    """The picker's redirect: to the form with the preset, or to presets that match the text; None without a text."""
    text = request.GET.get("pick", "").strip()
    if not text:
        return None
    preset = presets.find_preset(request.team, text)
    if preset is None:
        return redirect(f"{reverse('presets')}?{urlencode({'q': text})}")
    return redirect(f"{reverse('new-job')}?{urlencode({'preset': preset.slug})}")
