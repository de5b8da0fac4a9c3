from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q


def add_codes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give existing waiting jobs and warnings their codes, by the sentences that stood for them until now."""
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
            field=models.CharField(blank=True, choices=[('turn', 'Its turn in line'), ('calls', 'A call to SageMaker that its rate allows'), ('next-try', 'The next try, after an answer that may change')], help_text='What a waiting job waits for, once it was tried.', max_length=8),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='warnings',
            field=models.JSONField(default=list, help_text='Objects with a code and a text about what does not agree.'),
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('holder', models.CharField(help_text='Random; only who has it releases the lease.', max_length=16)),
                ('until', models.DateTimeField()),
            ],
        ),
        migrations.AlterField(
            model_name='connection',
            name='engine_key',
            field=models.SlugField(blank=True, help_text="Engines only: the team's key, from `./deck key`. Empty: the engine's own key, which may do all.", max_length=63),
        ),
        migrations.AlterField(
            model_name='connection',
            name='import_external',
            field=models.BooleanField(default=True, help_text='Also show jobs that were made in this account outside Batchdeck.'),
        ),
        migrations.AlterField(
            model_name='connection',
            name='max_instances',
            field=models.PositiveIntegerField(blank=True, help_text='Instances of all jobs together. Empty: no limit by hand.', null=True),
        ),
        migrations.AlterField(
            model_name='connection',
            name='max_running',
            field=models.PositiveIntegerField(blank=True, help_text='Jobs at once; further jobs wait. Empty: no limit by hand.', null=True),
        ),
        migrations.AlterField(
            model_name='connection',
            name='prices_error',
            field=models.TextField(blank=True, help_text='A sentence for people; empty while the list can be read.'),
        ),
        migrations.AlterField(
            model_name='connection',
            name='removed_at',
            field=models.DateTimeField(blank=True, help_text='When it was removed; jobs that ran there are kept.', null=True),
        ),
        migrations.AlterField(
            model_name='connection',
            name='tested',
            field=models.JSONField(blank=True, default=list, help_text='The outcome of each call of the last test.'),
        ),
        migrations.AlterField(
            model_name='plannedobject',
            name='error',
            field=models.CharField(default='', help_text='The error in the data log, for an object without an output.', max_length=300),
        ),
        migrations.AlterField(
            model_name='plannedobject',
            name='etag',
            field=models.CharField(default='', help_text="Empty for a manifest's entries, and in plans from before there was this column.", max_length=80),
        ),
        migrations.AlterField(
            model_name='registeredmodel',
            name='archives',
            field=models.JSONField(default=list, help_text="The findings in each container's archive, when it was last checked."),
        ),
        migrations.AlterField(
            model_name='registeredmodel',
            name='default_preset',
            field=models.ForeignKey(help_text='The preset with which Run begins.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.preset'),
        ),
        migrations.AlterField(
            model_name='rowcomparison',
            name='position',
            field=models.PositiveIntegerField(default=0, help_text='Planned objects before this position are compared or skipped.'),
        ),
        migrations.AlterField(
            model_name='rowindex',
            name='etag',
            field=models.CharField(help_text="The object's ETag; the index is void for another.", max_length=80),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='archived_at',
            field=models.DateTimeField(help_text='When it was archived.', null=True),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='cause',
            field=models.CharField(blank=True, help_text='The slug of the cause, if it failed or was rejected.', max_length=40),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='duration_seconds',
            field=models.PositiveBigIntegerField(default=0, help_text='From start to end; 0 if it has not ended or never ran.'),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='failure',
            field=models.JSONField(default=dict, help_text='The line that names the cause, its source, and a change to try.'),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='instance_seconds',
            field=models.BigIntegerField(help_text='Billed seconds of all instances together.', null=True),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='instance_type',
            field=models.CharField(blank=True, help_text="The type asked for now: the request's, or a fallback.", max_length=64),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='joint',
            field=models.JSONField(default=dict, help_text='More values of all attempts together, for lists.'),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='plan_complete',
            field=models.BooleanField(default=True, help_text='False if the input has more objects than were counted.'),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='preset_used',
            field=models.JSONField(default=dict, help_text="The preset's slug, name, fields and locked fields at that time."),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='price_per_hour',
            field=models.DecimalField(decimal_places=6, help_text='US dollars for an instance for an hour.', max_digits=12, null=True),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='root',
            field=models.ForeignKey(help_text='The first attempt; empty for first attempts, such as clones.', null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='later_attempts', to='jobs.transformjob'),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='stop_cause',
            field=models.TextField(blank=True, help_text='The sentence if a guard rail stops it.'),
        ),
        migrations.AlterField(
            model_name='transformjob',
            name='tries',
            field=models.PositiveIntegerField(default=0, help_text='How often its creation was put off.'),
        ),
        migrations.RunPython(add_codes, remove_codes),
        migrations.RunPython(remove_leases, migrations.RunPython.noop),
    ]
