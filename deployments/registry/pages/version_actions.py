"""Change a version's metadata, make a model of it, delete it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from deployments.registry.forms.forms import MetadataForm, ModelOfVersionForm
from deployments.registry.pages.finding import find_version
from deployments.registry.pages.unreachable import says_what_failed
from deployments.registry.services import versions
from deployments.registry.services.versions import PackageVersion, VersionInUse
from jobs.models import Connection
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
@says_what_failed
def metadata(request: MemberRequest, slug: str, group: str, number: int) -> HttpResponse:
    """Change the version's metadata."""
    connection, package_group, version = find_version(request.team, slug, group, number)
    posted = request.POST if request.method == "POST" else None
    form = MetadataForm(posted, initial={"metadata": dict(version.custom)})
    if request.method == "POST" and form.is_valid():
        try:
            versions.change_metadata(connection, version, form.cleaned_data["metadata"], by=request.user)
        except InvalidFields as error:
            form.add_error("metadata", [text for texts in error.fields.values() for text in texts])
        except (Unavailable, NotPossible) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The metadata of {group} version {number} is changed.")
            return redirect("registry-version", slug=slug, group=group, number=number)
    context = {"form": form, "connection": connection, "group": package_group, "version": version}
    return render(request, "registry/metadata.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
@says_what_failed
def new_model(request: MemberRequest, slug: str, group: str, number: int) -> HttpResponse:
    """Make a model of the version; with `then=job` a job with it follows."""
    connection, package_group, version = find_version(request.team, slug, group, number)
    start = {"name": f"{group[: 62 - len(str(number))]}-{number}", "description": version.description[:200]}
    form = ModelOfVersionForm(request.POST if request.method == "POST" else None, initial=start)
    next_step = (request.POST if request.method == "POST" else request.GET).get("then", "")
    if request.method == "POST" and form.is_valid():
        try:
            model = versions.create_model(connection, version, **form.cleaned_data, by=request.user)
        except InvalidFields as error:
            for name, texts in error.fields.items():
                form.add_error(name if name in form.fields else None, texts)
        except (Unavailable, NotPossible) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The model {model.name} is made from {group} version {number}.")
            if next_step == "job":
                return redirect(f"{reverse('new-job')}?{urlencode({'model': model.pk})}")
            return redirect("model", pk=model.pk)
    context = {
        "form": form,
        "connection": connection,
        "group": package_group,
        "version": version,
        "then": "job" if next_step == "job" else "",
    }
    return render(request, "registry/new_model.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
@says_what_failed
def delete_version(request: MemberRequest, slug: str, group: str, number: int) -> HttpResponse:
    """Ask, then delete a version. One that a stage runs is not deleted."""
    connection, _, version = find_version(request.team, slug, group, number)
    version_page = reverse("registry-version", args=[slug, group, number])
    if request.method == "GET":
        return confirming.ask(request, _delete_question(connection, version))
    try:
        versions.delete_version(connection, version, sure=confirming.is_sure(request), by=request.user)
    except VersionInUse:
        # A model was made of it after the question was shown.
        return confirming.ask(request, _delete_question(connection, version))
    except (NotPossible, Unavailable) as error:
        messages.error(request, str(error))
        return redirect(version_page)
    messages.success(request, f"{group} version {number} is deleted.")
    return redirect("registry-group", slug=connection.slug, group=group)


def _delete_question(connection: Connection, version: PackageVersion) -> Question:
    use = versions.use_of(connection, version)
    place = [version.group, version.number]
    facts: list[tuple[str, object]] = [
        ("Connection", connection.name),
        ("Description", version.description or "none"),
    ]
    says = "Its entry, approval and metadata are deleted for everybody; its number is not given again. "
    says += "The archive in S3 stays."
    if use.models:
        facts.append(("Models made from it", ", ".join(model.name for model in use.models)))
        says += " The models stay too, but cannot run jobs any more."
    for stage in use.stages:
        facts.append(("Runs in", f"{stage.label}, so it will be refused"))
    return Question(
        title=f"Delete {version.group} version {version.number}?",
        says=says,
        button="Delete the version",
        action=reverse("delete-registry-version", args=[connection.slug, *place]),
        back=reverse("registry-version", args=[connection.slug, *place]),
        facts=tuple(facts),
        fields=((confirming.SURE, 1),) if use.models else (),
    )
