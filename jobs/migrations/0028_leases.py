from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q


def remove_leases(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the leases from among the signs of life; whatever they held is free to be taken again."""
    heartbeats = apps.get_model("jobs", "Heartbeat").objects.using(schema_editor.connection.alias)
    leases = Q(name__in=["rows", "images"]) | Q(name__startswith="queue-") | Q(name__startswith="account-")
    heartbeats.filter(leases).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0027_waiting_and_warning_codes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('holder', models.CharField(help_text='Random; only who has it releases the lease.', max_length=16)),
                ('until', models.DateTimeField()),
            ],
        ),
        migrations.RunPython(remove_leases, migrations.RunPython.noop),
    ]
