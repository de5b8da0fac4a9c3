"""Change the tags of a job that is there: here and in SageMaker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from aws import transforms
from jobs.models import TransformJob
from jobs.models.attempts import attempts as attempts_of
from jobs.models.job_values import MAX_TAGS, OWN_TAGS, searchable_with_tags
from jobs.services.calling import calls_for_person
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import JobState
from teams import activity
from teams.models import ApiToken, User
from transform.rules import tag_problems

_OWN = f"The tags {' and '.join(sorted(OWN_TAGS))} are Batchdeck's own."
_JUST_SUBMITTED = "It was being submitted at that moment; try again."


@dataclass(frozen=True, slots=True)
class TagChanges:
    """Tags to set, as values by key, and keys of tags to remove."""

    values: Mapping[str, str] = field(default_factory=dict)
    removed_keys: Collection[str] = ()

    def check(self) -> None:
        """Raise InvalidFields, naming `set_tags` or `remove_tags`, for no change or a wrong one."""
        if not self.values and not self.removed_keys:
            raise InvalidFields(
                {"set_tags": ["Name at least one tag to set here, or to remove in remove_tags."]}
            )
        problems = {
            "set_tags": tag_problems(self.values),
            "remove_tags": tag_problems(dict.fromkeys(self.removed_keys, "")),
        }
        for name, keys in (("set_tags", self.values), ("remove_tags", self.removed_keys)):
            if OWN_TAGS.intersection(keys):
                problems[name].append(_OWN)
        common_keys = sorted(set(self.values).intersection(self.removed_keys))
        problems["remove_tags"] += [f"{key!r} is to be set and to be removed." for key in common_keys]
        if any(problems.values()):
            raise InvalidFields({name: texts for name, texts in problems.items() if texts})

    def applied(self, tags: Mapping[str, str]) -> dict[str, str]:
        """These tags, changed."""
        remaining_tags = {key: value for key, value in tags.items() if key not in self.removed_keys}
        return {**remaining_tags, **self.values}


def change_tags(
    job: TransformJob, *, changes: TagChanges, by: User, token: ApiToken | None = None
) -> TransformJob:
    """Change the tags of all attempts of the job, and return its row. SageMaker's are changed first.

    Raises NotPossible if the job has these tags already, would have too many, or is being submitted; Unavailable if
    the connection refuses or does not answer. The same request again then completes what was begun.
    """
    attempts = list(attempts_of(job))
    changed = [attempt for attempt in attempts if _tags(attempt) != changes.applied(_tags(attempt))]
    if not changed:
        raise NotPossible("Its tags are so already.")
    if any(len(changes.applied(_tags(attempt))) > MAX_TAGS for attempt in changed):
        raise NotPossible(f"It would have more than {MAX_TAGS} tags.")
    _refuse_submitting(changed)
    with calls_for_person(job.connection) as target:
        for attempt in changed:
            if attempt.arn and changes.values:
                transforms.set_tags(target, attempt.arn, changes.values)
            if attempt.arn and changes.removed_keys:
                transforms.remove_tags(target, attempt.arn, changes.removed_keys)
    with transaction.atomic():
        rows = list(attempts_of(job).select_related(None).select_for_update())
        _refuse_submitting(rows)
        if {(row.pk, row.arn) for row in rows} != {(attempt.pk, attempt.arn) for attempt in attempts}:
            raise NotPossible(_JUST_SUBMITTED)
        before = {"tags": _tags(rows[0])}
        for row in rows:
            _write(row, changes.applied(_tags(row)))
        job.refresh_from_db()
        job.note(_sentence(changes, by))
        after = {"tags": _tags(job)}
        activity.record(job.team, by, "job.tagged", job, token=token, before=before, after=after)
    return job


def _tags(job: TransformJob) -> Mapping[str, str]:
    tags: Mapping[str, str] = job.spec.get("tags") or {}
    return tags


def _refuse_submitting(attempts: Iterable[TransformJob]) -> None:
    """Raise NotPossible if SageMaker may be creating one of these now, with the tags of before."""
    if any(attempt.state == JobState.SUBMITTING for attempt in attempts):
        raise NotPossible(_JUST_SUBMITTED)


def _write(row: TransformJob, tags: dict[str, str]) -> None:
    TransformJob.objects.filter(pk=row.pk).update(
        spec={**row.spec, "tags": tags},
        search_text=searchable_with_tags(row.search_text, tags),
        changed_at=timezone.now(),
    )


def _sentence(changes: TagChanges, by: User) -> str:
    tags = ", ".join(f"{key}={value}" if value else key for key, value in changes.values.items())
    parts = [f"set {tags}"] if tags else []
    parts += [f"removed {', '.join(changes.removed_keys)}"] if changes.removed_keys else []
    return f"Tags changed by {by.label}: {'; '.join(parts)}."
