"""All tables as they were before the first release, in one file.

A database that has the migrations in `replaces` has these tables already. A database with only some of them is
migrated by the last version that had them, commit e5b26c9, before it is migrated by this one.
"""

import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
import jobs.models.job_values
from django.conf import settings
from django.db import DatabaseError, migrations, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def index_text(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """On PostgreSQL, an index for words inside texts; without the right to add its extensions, search is slower."""
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
            schema_editor.execute(
                "CREATE INDEX job_list_text ON jobs_transformjob USING gin (team_id, search_text gin_trgm_ops)"
            )
    except DatabaseError:
        return


def remove_index(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the index for words inside texts."""
    schema_editor.execute("DROP INDEX IF EXISTS job_list_text")


def add_statistics(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Have PostgreSQL count months: without it, it sorts all jobs on disk for the costs by month."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE STATISTICS job_months ON (date_trunc('month', ended_at AT TIME ZONE 'UTC')) FROM jobs_transformjob"
        )


def remove_statistics(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the statistics of months."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP STATISTICS IF EXISTS job_months")


class Migration(migrations.Migration):

    replaces = [
        ('jobs', '0001_initial'),
        ('jobs', '0002_job_name_once'),
        ('jobs', '0003_attempts'),
        ('jobs', '0004_queue'),
        ('jobs', '0005_guard_rails'),
        ('jobs', '0006_import_external'),
        ('jobs', '0007_call_budget'),
        ('jobs', '0008_quotas'),
        ('jobs', '0009_queue_of_events'),
        ('jobs', '0010_archive'),
        ('jobs', '0011_costs'),
        ('jobs', '0012_row_comparison'),
        ('jobs', '0013_job_eta'),
        ('jobs', '0014_list'),
        ('jobs', '0015_failure_causes'),
        ('jobs', '0016_planned_etag'),
        ('jobs', '0017_one_cause'),
        ('jobs', '0018_model_figures'),
        ('jobs', '0019_planned_error'),
        ('jobs', '0020_presets'),
        ('jobs', '0021_connection_tests'),
        ('jobs', '0022_row_index'),
        ('jobs', '0023_views_and_groups'),
        ('jobs', '0024_months'),
        ('jobs', '0025_job_standing'),
        ('jobs', '0026_allowed'),
    ]

    initial = True

    dependencies = [
        ('teams', '0001_squashed_0005_keyed_requests'),
    ]

    operations = [
        migrations.CreateModel(
            name='CallBudget',
            fields=[
                ('place', models.CharField(help_text='An account and region, or an engine.', max_length=255, primary_key=True, serialize=False)),
                ('full_at', models.FloatField(default=0, help_text="Seconds since 1970, by the database's clock.")),
            ],
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=63)),
                ('name', models.CharField(max_length=80)),
                ('kind', models.CharField(choices=[('aws', 'AWS'), ('engine', 'Engine')], max_length=10)),
                ('region', models.CharField(default='us-east-1', max_length=32)),
                ('endpoint_url', models.URLField(blank=True, help_text='Engines only; AWS addresses come from the region.')),
                ('role_arn', models.CharField(blank=True, help_text='Assumed for every call, if given.', max_length=2048)),
                ('external_id', models.CharField(blank=True, max_length=1224)),
                ('max_running', models.PositiveIntegerField(blank=True, help_text='Jobs at once; further ones wait their turn. Empty: no limit of ours.', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('account_id', models.CharField(blank=True, max_length=12)),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('last_ok_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.TextField(blank=True, help_text='A sentence for people; empty while calls succeed.')),
                ('polled_at', models.DateTimeField(blank=True, null=True)),
                ('poll_lease_until', models.DateTimeField(blank=True, null=True)),
                ('max_instances', models.PositiveIntegerField(blank=True, help_text='Instances of all jobs together. Empty: no limit of ours.', null=True)),
                ('max_instances_per_type', models.JSONField(blank=True, default=dict, help_text='Instances of all jobs together, by instance type.')),
                ('import_external', models.BooleanField(default=True, help_text='Show jobs too that were made in this account outside Batchdeck.')),
                ('imported_at', models.DateTimeField(blank=True, null=True)),
                ('imported_until', models.DateTimeField(blank=True, null=True)),
                ('queue_error', models.TextField(blank=True, help_text='Why the queue could not be read, as a sentence.')),
                ('queue_read_at', models.DateTimeField(blank=True, null=True)),
                ('queue_url', models.CharField(blank=True, help_text="An SQS queue with EventBridge's events about transform jobs.", max_length=512)),
                ('prices_error', models.TextField(blank=True, help_text='A sentence for people; empty while it can be read.')),
                ('prices_read_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, help_text='Since when it is gone but for the jobs that ran there.', null=True)),
                ('tested', models.JSONField(blank=True, default=list, help_text='What came of each call of the last test.')),
                ('tested_at', models.DateTimeField(blank=True, null=True)),
                ('allowed_models', models.JSONField(blank=True, default=list, help_text='Names of models, with * at the end of a beginning. Empty: all.')),
                ('allowed_places', models.JSONField(blank=True, default=list, help_text='Folders in S3 that may be read and written. Empty: all.')),
                ('engine_key', models.SlugField(blank=True, help_text="Engines only: the team's key that `./deck key` made. Empty: the engine's own, which may everything.", max_length=63)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='connections', to='teams.team')),
            ],
            options={
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('beat_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='PlannedObject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('key', models.CharField(max_length=1024)),
                ('size', models.BigIntegerField(help_text="Bytes; unknown for a manifest's entries.", null=True)),
                ('output_key', models.CharField(max_length=2048)),
                ('done', models.BooleanField(default=False)),
                ('rows_in', models.BigIntegerField(help_text='Rows of the input; unknown until compared.', null=True)),
                ('rows_out', models.BigIntegerField(help_text='Rows of its output.', null=True)),
                ('etag', models.CharField(default='', help_text="Empty for a manifest's entries, and in plans made before it was kept.", max_length=80)),
                ('error', models.CharField(default='', help_text='What the data log said of it, of one without an output.', max_length=300)),
            ],
            options={
                'ordering': ['job', 'position'],
            },
        ),
        migrations.CreateModel(
            name='Quotas',
            fields=[
                ('connection', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='jobs.connection')),
                ('instances', models.PositiveIntegerField(null=True)),
                ('instances_per_type', models.JSONField(default=dict)),
                ('read_at', models.DateTimeField(null=True)),
                ('tried_at', models.DateTimeField(null=True)),
                ('problem', models.TextField(blank=True, help_text='Why the last try failed, as a sentence.')),
            ],
            options={
                'verbose_name_plural': 'quotas',
            },
        ),
        migrations.CreateModel(
            name='ContainerImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('framework', models.CharField(max_length=40)),
                ('version', models.CharField(max_length=40)),
                ('py_version', models.CharField(blank=True, max_length=16)),
                ('processor', models.CharField(help_text='cpu or gpu', max_length=16)),
                ('region', models.CharField(max_length=32)),
                ('uri', models.CharField(max_length=255)),
            ],
            options={
                'ordering': ['framework', 'id'],
                'constraints': [models.UniqueConstraint(fields=('region', 'framework', 'version', 'py_version', 'processor'), name='image_once')],
            },
        ),
        migrations.CreateModel(
            name='InstancePrice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('instance_type', models.CharField(max_length=64)),
                ('usd_per_hour', models.DecimalField(decimal_places=6, max_digits=12)),
                ('source', models.CharField(choices=[('hand', 'set by hand'), ('aws', 'AWS price list')], default='hand', max_length=4)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='jobs.connection')),
            ],
            options={
                'ordering': ['instance_type'],
            },
        ),
        migrations.CreateModel(
            name='Preset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=63)),
                ('name', models.CharField(max_length=80)),
                ('description', models.CharField(blank=True, max_length=400)),
                ('body', models.JSONField(default=dict)),
                ('rules', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='presets', to='teams.team')),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='RegisteredModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=63)),
                ('containers', models.JSONField(help_text='SageMaker ContainerDefinition objects, in pipeline order.')),
                ('execution_role_arn', models.CharField(blank=True, max_length=2048)),
                ('arn', models.CharField(blank=True, max_length=2048)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('archives', models.JSONField(default=list, help_text="What was found in each container's archive when it was last looked at.")),
                ('archives_checked_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='models', to='jobs.connection')),
                ('default_preset', models.ForeignKey(help_text='What Run begins with.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.preset')),
                ('registered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='models', to='teams.team')),
            ],
        ),
        migrations.AddField(
            model_name='preset',
            name='model',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='presets', to='jobs.registeredmodel'),
        ),
        migrations.CreateModel(
            name='RowIndex',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('input', 'input'), ('output', 'output')], max_length=6)),
                ('etag', models.CharField(help_text='Of the object that it belongs to; of another it is void.', max_length=80)),
                ('marks', models.BinaryField(help_text='Pairs of a row and a byte, as transform.rowmarks packs them.')),
                ('planned', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='row_indexes', to='jobs.plannedobject')),
            ],
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=80)),
                ('name', models.CharField(max_length=60)),
                ('state', models.JSONField(default=dict, help_text="Parts of the list's address by name.")),
                ('shared', models.BooleanField(default=False, help_text='Whether the whole team sees it.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='views', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='views', to='teams.team')),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='DefaultView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='teams.team')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('view', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jobs.savedview')),
            ],
        ),
        migrations.CreateModel(
            name='TransformJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=jobs.models.job_values.new_key, editable=False, max_length=12, unique=True)),
                ('model_name', models.CharField(max_length=63)),
                ('name', models.CharField(max_length=63)),
                ('spec', models.JSONField(help_text="The request in the SageMaker SDK's field names.")),
                ('state', models.CharField(choices=[('WAITING', 'Waiting'), ('SUBMITTING', 'Submitting'), ('IN_PROGRESS', 'In progress'), ('STOPPING', 'Stopping'), ('COMPLETED', 'Completed'), ('FAILED', 'Failed'), ('STOPPED', 'Stopped'), ('REJECTED', 'Rejected'), ('CANCELLED', 'Cancelled')], default='WAITING', max_length=16)),
                ('state_reason', models.TextField(blank=True)),
                ('warnings', models.JSONField(default=list, help_text='Sentences about what does not agree.')),
                ('arn', models.CharField(blank=True, max_length=2048)),
                ('next_attempt_at', models.DateTimeField(help_text='When a waiting job is tried again, or a failed one submitted again.', null=True)),
                ('stop_requested_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('accepted_at', models.DateTimeField(help_text="SageMaker's CreationTime.", null=True)),
                ('remote_modified_at', models.DateTimeField(help_text='LastModifiedTime when last described.', null=True)),
                ('started_at', models.DateTimeField(help_text="SageMaker's TransformStartTime.", null=True)),
                ('ended_at', models.DateTimeField(help_text="SageMaker's TransformEndTime.", null=True)),
                ('planned_at', models.DateTimeField(help_text='When the input was listed.', null=True)),
                ('objects_total', models.BigIntegerField(null=True)),
                ('bytes_total', models.BigIntegerField(null=True)),
                ('plan_complete', models.BooleanField(default=True, help_text='False: the input holds more than was counted.')),
                ('objects_done', models.BigIntegerField(null=True)),
                ('counted_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveIntegerField(default=0, help_text='How often Create was put off.')),
                ('attempt', models.PositiveIntegerField(default=1)),
                ('origin', models.CharField(choices=[('new', 'New'), ('finish', 'What was missing'), ('retry', 'All of it again'), ('clone', 'Cloned')], default='new', max_length=8)),
                ('fallback_instance_types', models.JSONField(default=list)),
                ('instance_count', models.PositiveIntegerField(default=1)),
                ('instance_type', models.CharField(blank=True, help_text="What is asked for now: the request's own, or a fallback.", max_length=64)),
                ('lacks_capacity', models.BooleanField(default=False, help_text='Waiting because SageMaker had no instance; others of its type wait behind.')),
                ('priority', models.SmallIntegerField(default=0)),
                ('deadline_minutes', models.PositiveIntegerField(null=True)),
                ('deadline_warned', models.BooleanField(default=False)),
                ('idle_warned', models.BooleanField(default=False)),
                ('max_idle_minutes', models.PositiveIntegerField(null=True)),
                ('max_retries', models.PositiveSmallIntegerField(default=0)),
                ('progress_at', models.DateTimeField(help_text='When its last output or log line was seen.', null=True)),
                ('stop_cause', models.TextField(blank=True, help_text='Why the service itself stops it.')),
                ('external', models.BooleanField(default=False, help_text='Made outside Batchdeck and found in SageMaker; nobody here owns it.')),
                ('archived_at', models.DateTimeField(help_text='Since when lists leave it out.', null=True)),
                ('cost_usd', models.DecimalField(decimal_places=6, max_digits=16, null=True)),
                ('cost_warned', models.BooleanField(default=False)),
                ('instance_seconds', models.BigIntegerField(help_text='Billed: of all instances together.', null=True)),
                ('max_cost_usd', models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                ('price_per_hour', models.DecimalField(decimal_places=6, help_text='US dollars for an instance and hour.', max_digits=12, null=True)),
                ('eta', models.DateTimeField(help_text='When its last output was expected, at the last count.', null=True)),
                ('duration_seconds', models.PositiveBigIntegerField(default=0, help_text='From start to end; 0 for one that has not ended or never ran.')),
                ('search_text', models.TextField(blank=True, help_text='Name, S3 addresses and tags in lower case, one a line.')),
                ('explain_at', models.DateTimeField(help_text='When its log is to be read for the cause of its failure.', null=True)),
                ('failure', models.JSONField(default=dict, help_text='The line that tells the cause, who said it, a change to try.')),
                ('cause', models.CharField(blank=True, help_text="The slug of failures' cause, once it failed or was rejected.", max_length=40)),
                ('records', models.BigIntegerField(help_text='Rows of the inputs that have outputs, once all of them were counted.', null=True)),
                ('preset_used', models.JSONField(default=dict, help_text='What the preset was then: slug, name, fields, locked.')),
                ('joint', models.JSONField(default=dict, help_text='What lists show of it beside these.')),
                ('joint_attention', models.BooleanField(null=True)),
                ('joint_cause', models.CharField(max_length=40, null=True)),
                ('joint_duration_seconds', models.PositiveBigIntegerField(null=True)),
                ('joint_ended_at', models.DateTimeField(null=True)),
                ('joint_state', models.CharField(choices=[('WAITING', 'Waiting'), ('SUBMITTING', 'Submitting'), ('IN_PROGRESS', 'In progress'), ('STOPPING', 'Stopping'), ('COMPLETED', 'Completed'), ('FAILED', 'Failed'), ('STOPPED', 'Stopped'), ('REJECTED', 'Rejected'), ('CANCELLED', 'Cancelled')], max_length=16, null=True)),
                ('overall_cause', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('joint_cause', 'cause'), output_field=models.CharField(max_length=40))),
                ('overall_duration', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('joint_duration_seconds', 'duration_seconds'), output_field=models.PositiveBigIntegerField())),
                ('overall_ended_at', models.GeneratedField(db_persist=True, expression=models.Case(models.When(joint_state__isnull=True, then='ended_at'), default='joint_ended_at'), output_field=models.DateTimeField(null=True))),
                ('overall_state', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('joint_state', 'state'), output_field=models.CharField(max_length=16))),
                ('archived_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='jobs.connection')),
                ('model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='jobs', to='jobs.registeredmodel')),
                ('parent', models.ForeignKey(help_text='The job that this one finishes, repeats or was cloned from.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.transformjob')),
                ('preset', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='jobs', to='jobs.preset')),
                ('root', models.ForeignKey(help_text='The first attempt, of later ones; a clone is a first attempt itself.', null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='later_attempts', to='jobs.transformjob')),
                ('stop_requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('submitted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='jobs', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='teams.team')),
            ],
        ),
        migrations.CreateModel(
            name='RowComparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=0, help_text='Planned objects before this one are done with.')),
                ('bytes_read', models.BigIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0, help_text='Files that could not be compared.')),
                ('try_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('note', models.TextField(blank=True, help_text='Why not all rows were compared.')),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='row_comparison', to='jobs.transformjob')),
            ],
        ),
        migrations.AddField(
            model_name='plannedobject',
            name='job',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='planned', to='jobs.transformjob'),
        ),
        migrations.CreateModel(
            name='JobEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('from_state', models.CharField(blank=True, choices=[('WAITING', 'Waiting'), ('SUBMITTING', 'Submitting'), ('IN_PROGRESS', 'In progress'), ('STOPPING', 'Stopping'), ('COMPLETED', 'Completed'), ('FAILED', 'Failed'), ('STOPPED', 'Stopped'), ('REJECTED', 'Rejected'), ('CANCELLED', 'Cancelled')], max_length=16)),
                ('to_state', models.CharField(choices=[('WAITING', 'Waiting'), ('SUBMITTING', 'Submitting'), ('IN_PROGRESS', 'In progress'), ('STOPPING', 'Stopping'), ('COMPLETED', 'Completed'), ('FAILED', 'Failed'), ('STOPPED', 'Stopped'), ('REJECTED', 'Rejected'), ('CANCELLED', 'Cancelled')], max_length=16)),
                ('reason', models.TextField(blank=True)),
                ('kind', models.CharField(choices=[('move', 'Move'), ('note', 'Note'), ('warning', 'Warning')], default='move', max_length=8)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='jobs.transformjob')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('endpoint_url', ''), ('kind', 'aws')), models.Q(('kind', 'engine'), models.Q(('endpoint_url', ''), _negated=True)), _connector='OR'), name='connection_engine_has_url'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('team', 'slug'), name='connection_slug_once_per_team', violation_error_message='This slug is taken by another connection of the team.'),
        ),
        migrations.AddConstraint(
            model_name='instanceprice',
            constraint=models.UniqueConstraint(fields=('connection', 'instance_type'), name='price_once_per_connection_and_type'),
        ),
        migrations.AddConstraint(
            model_name='instanceprice',
            constraint=models.CheckConstraint(condition=models.Q(('usd_per_hour__gte', 0)), name='price_not_negative'),
        ),
        migrations.AddIndex(
            model_name='registeredmodel',
            index=models.Index(fields=['team', '-id'], name='model_team_newest'),
        ),
        migrations.AddConstraint(
            model_name='registeredmodel',
            constraint=models.UniqueConstraint(fields=('connection', 'name'), name='model_name_once_per_connection'),
        ),
        migrations.AddConstraint(
            model_name='preset',
            constraint=models.UniqueConstraint(fields=('team', 'slug'), name='preset_slug_once_per_team'),
        ),
        migrations.AddConstraint(
            model_name='rowindex',
            constraint=models.UniqueConstraint(fields=('planned', 'side'), name='row_index_once_per_object'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(fields=('team', 'slug'), name='view_slug_once_per_team'),
        ),
        migrations.AddConstraint(
            model_name='defaultview',
            constraint=models.UniqueConstraint(fields=('team', 'user'), name='default_view_once_per_person'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', '-id'], name='job_team_newest'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', '-changed_at'], name='job_team_changed'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['connection', '-id'], name='job_connection_newest'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['connection', 'state', 'id'], name='job_connection_state'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('state', 'WAITING')), fields=['next_attempt_at'], name='job_waiting_due'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('next_attempt_at__isnull', False), ('state', 'FAILED')), fields=['next_attempt_at'], name='job_retry_due'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('cost_usd', None), ('instance_seconds__isnull', False)), fields=['connection', 'instance_type'], name='job_without_price'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', '-created_at', '-id'], name='job_list'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'model_name', '-created_at', '-id'], name='job_list_model'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'submitted_by', '-created_at', '-id'], name='job_list_owner'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'connection', '-created_at', '-id'], name='job_list_connection'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'instance_type', '-created_at', '-id'], name='job_list_instance'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('external', True)), fields=['team', '-created_at', '-id'], name='job_list_external'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('archived_at__isnull', False)), fields=['team', '-created_at', '-id'], name='job_list_archived'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'name', 'id'], name='job_list_name'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('explain_at__isnull', False)), fields=['explain_at'], name='job_explain_due'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('preset__isnull', False)), fields=['preset', '-created_at', '-id'], name='job_list_preset'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'ended_at', 'state', 'connection', 'model_name', 'started_at', 'instance_seconds', 'cost_usd', 'root'], name='job_costs'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'overall_state', '-created_at', '-id'], name='job_list_state'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['model', '-created_at', '-id', 'root', 'overall_state', 'overall_duration', 'state', 'cost_usd', 'records'], name='job_model_figures'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('overall_cause', ''), _negated=True), fields=['team', 'overall_cause', '-created_at', '-id'], name='job_list_cause'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('joint_attention', True), models.Q(('joint_state', None), models.Q(models.Q(models.Q(('state', 'COMPLETED')), models.Q(('warnings', []), _negated=True)), ('deadline_warned', True), ('cost_warned', True), ('idle_warned', True), _connector='OR')), _connector='OR'), fields=['team', 'overall_ended_at'], name='job_list_attention'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(('overall_ended_at__isnull', False)), fields=['team', '-overall_ended_at', '-id'], name='job_list_ended'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(condition=models.Q(models.Q(('overall_cause', ''), _negated=True), ('archived_at', None), ('root', None)), fields=['team', 'overall_ended_at', 'overall_cause', 'model_name'], name='job_failures'),
        ),
        migrations.AddIndex(
            model_name='transformjob',
            index=models.Index(fields=['team', 'overall_duration', 'id'], name='job_list_duration'),
        ),
        migrations.AddConstraint(
            model_name='transformjob',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['WAITING', 'SUBMITTING', 'IN_PROGRESS', 'STOPPING', 'COMPLETED', 'FAILED', 'STOPPED', 'REJECTED', 'CANCELLED'])), name='job_state_known'),
        ),
        migrations.AddConstraint(
            model_name='transformjob',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['REJECTED', 'CANCELLED']), _negated=True), fields=('connection', 'name'), name='job_name_once_per_connection', violation_error_message='This name is taken by another job of the connection.'),
        ),
        migrations.AddConstraint(
            model_name='transformjob',
            constraint=models.UniqueConstraint(condition=models.Q(('root__isnull', False)), fields=('root', 'attempt'), name='job_attempt_once'),
        ),
        migrations.AddConstraint(
            model_name='transformjob',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('attempt', 1), ('root', None)), models.Q(('attempt__gt', 1), ('root__isnull', False)), _connector='OR'), name='job_first_attempt_has_no_root'),
        ),
        migrations.AddConstraint(
            model_name='transformjob',
            constraint=models.CheckConstraint(condition=models.Q(('priority__gte', -10), ('priority__lte', 10)), name='job_priority_in_range'),
        ),
        migrations.AddIndex(
            model_name='rowcomparison',
            index=models.Index(condition=models.Q(('finished_at__isnull', True)), fields=['try_at'], name='rows_due'),
        ),
        migrations.AddConstraint(
            model_name='plannedobject',
            constraint=models.UniqueConstraint(fields=('job', 'position'), name='planned_position_once_per_job'),
        ),
        migrations.RunPython(index_text, remove_index),
        migrations.RunPython(add_statistics, remove_statistics),
    ]
