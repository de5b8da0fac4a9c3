from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q


def add_codes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the waiting jobs and the warnings that are there the codes that until now their sentences stood for."""
    jobs = apps.get_model("jobs", "TransformJob")._base_manager.using(schema_editor.connection.alias)
    waiting = jobs.filter(state="WAITING").exclude(state_reason="")
    waiting.update(waits_for="next-try")
    waiting.filter(state_reason="Waiting for its turn.").update(waits_for="turn")
    waiting.filter(state_reason__startswith="SageMaker is called at most").update(waits_for="calls")
    warned = jobs.exclude(warnings=[], joint={}).only("pk", "warnings", "joint")
    for job in warned.iterator(chunk_size=500):
        joint_warnings = job.joint.get("warnings", [])
        if not job.warnings and not joint_warnings:
            continue
        joint = {**job.joint, "warnings": with_codes(joint_warnings)} if job.joint else job.joint
        jobs.filter(pk=job.pk).update(warnings=with_codes(job.warnings), joint=joint)


def with_codes(texts: list[str]) -> list[dict[str, Any]]:
    """The warnings of these sentences."""
    return [{"code": code_of(text), "text": text} for text in texts]


def code_of(text: str) -> str:
    """The code for a sentence as it was written before there were codes."""
    if text.startswith("The outputs could not be counted"):
        return "not-counted"
    return "rows-differ" if "row count" in text.partition(":")[0] else "outputs-missing"


def remove_codes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Leave the sentences alone again."""
    jobs = apps.get_model("jobs", "TransformJob")._base_manager.using(schema_editor.connection.alias)
    for job in jobs.exclude(warnings=[], joint={}).only("pk", "warnings", "joint").iterator(chunk_size=500):
        joint_texts = [warning["text"] for warning in job.joint.get("warnings", [])]
        joint = {**job.joint, "warnings": joint_texts} if job.joint else job.joint
        jobs.filter(pk=job.pk).update(warnings=[warning["text"] for warning in job.warnings], joint=joint)


def remove_leases(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the leases from among the signs of life; whatever they held is free to be taken again."""
    heartbeats = apps.get_model("jobs", "Heartbeat").objects.using(schema_editor.connection.alias)
    leases = Q(name__in=["rows", "images"]) | Q(name__startswith="queue-") | Q(name__startswith="account-")
    heartbeats.filter(leases).delete()


class Migration(migrations.Migration):

    replaces = [
        ('jobs', '0027_waiting_and_warning_codes'),
        ('jobs', '0028_leases'),
    ]

    dependencies = [
        ('jobs', '0001_squashed_0026_allowed'),
    ]

    operations = [
        migrations.AddField(
            model_name='transformjob',
            name='waits_for',
            field=models.CharField(blank=True, choices=[('turn', 'Its turn in line'), ('calls', 'A call to SageMaker that its rate allows'), ('next-try', 'The next try, after an answer that may change')], help_text='Once a waiting job was tried.', max_length=8),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='warnings',
            field=models.JSONField(default=list, help_text='What does not agree: objects with a code and a text.'),
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('holder', models.CharField(help_text='Random; only who has it releases the lease.', max_length=16)),
                ('until', models.DateTimeField()),
            ],
        ),
        migrations.RunPython(add_codes, remove_codes),
        migrations.RunPython(remove_leases, migrations.RunPython.noop),
    ]
