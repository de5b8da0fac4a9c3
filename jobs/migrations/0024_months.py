from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def learn_months(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Have PostgreSQL know how few months there are: it sorted all jobs for the costs by month, on disk."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(
        "CREATE STATISTICS job_months ON (date_trunc('month', ended_at AT TIME ZONE 'UTC')) FROM jobs_transformjob"
    )
    schema_editor.execute("ANALYZE jobs_transformjob")


def forget_months(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take what it knows away again."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP STATISTICS IF EXISTS job_months")


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0023_views_and_groups'),
    ]

    operations = [
        migrations.RunPython(learn_months, forget_months),
    ]
