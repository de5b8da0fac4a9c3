from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from failures import columns_of_reason

#: Rows filled in at once.
CHUNK = 1000


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Tell the cause of failures that ended before causes were kept; logs that are still to be read may tell more."""
    jobs = apps.get_model("jobs", "TransformJob").objects.filter(state__in=["FAILED", "REJECTED"], cause="")
    last = 0
    while rows := list(jobs.filter(id__gt=last).only("id", "state_reason").order_by("id")[:CHUNK]):
        for job in rows:
            for name, value in columns_of_reason(job.state_reason).items():
                setattr(job, name, value)
        jobs.bulk_update(rows, ["cause", "failure"])
        last = rows[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0016_planned_etag'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveIndex(
            model_name='transformjob',
            name='job_list_cause',
        ),
        migrations.RemoveIndex(
            model_name='transformjob',
            name='job_team_cause_newest',
        ),
        migrations.RemoveField(
            model_name='transformjob',
            name='failure_cause',
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('cause', ''), _negated=True), fields=['team', 'cause', '-created_at', '-id'], name='job_list_cause'),
        ),
    ]
