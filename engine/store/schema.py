"""The store's tables as migrations, one per schema version."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE models (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, request TEXT NOT NULL, created REAL NOT NULL
        )""",
        "CREATE INDEX models_by_creation ON models (created, name)",
        """CREATE TABLE jobs (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, request TEXT NOT NULL, containers TEXT NOT NULL,
            status TEXT NOT NULL, failure_reason TEXT, created REAL NOT NULL, modified REAL NOT NULL,
            started REAL, ended REAL
        )""",
        "CREATE INDEX jobs_by_creation ON jobs (created, name)",
        "CREATE INDEX jobs_by_status ON jobs (status, name)",
        "CREATE INDEX jobs_by_status_and_creation ON jobs (status, created, name)",
        """CREATE TABLE job_objects (
            job TEXT NOT NULL, key TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (job, key)
        ) WITHOUT ROWID""",
        """CREATE TABLE tags (
            arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
        ) WITHOUT ROWID""",
        "CREATE TABLE log_groups (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, created INTEGER)",
        """CREATE TABLE log_streams (
            id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL REFERENCES log_groups (id), name TEXT NOT NULL,
            created INTEGER NOT NULL, first_event INTEGER, last_event INTEGER, last_ingestion INTEGER,
            UNIQUE (group_id, name)
        )""",
        "CREATE INDEX log_streams_by_last_event ON log_streams (group_id, coalesce(last_event, 0), name)",
        """CREATE TABLE log_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT, stream_id INTEGER NOT NULL REFERENCES log_streams (id),
            timestamp INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL
        )""",
        "CREATE INDEX log_events_in_order ON log_events (stream_id, timestamp, id)",
    ),
    (
        """CREATE TABLE package_groups (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, request TEXT NOT NULL, created REAL NOT NULL,
            versions INTEGER NOT NULL DEFAULT 0
        )""",
        "CREATE INDEX package_groups_by_creation ON package_groups (created, name)",
        """CREATE TABLE packages (
            name TEXT NOT NULL, version INTEGER NOT NULL, arn TEXT NOT NULL, request TEXT NOT NULL,
            created REAL NOT NULL, modified REAL, PRIMARY KEY (name, version)
        )""",
        "CREATE INDEX packages_by_creation ON packages (created, name, version)",
        "CREATE INDEX packages_by_client_token ON packages (json_extract(request, '$.ClientToken'))",
    ),
    (
        """CREATE TABLE metrics (
            id INTEGER PRIMARY KEY, host TEXT NOT NULL, name TEXT NOT NULL, last INTEGER NOT NULL,
            UNIQUE (host, name)
        )""",
        """CREATE TABLE metric_samples (
            metric_id INTEGER NOT NULL REFERENCES metrics (id), at INTEGER NOT NULL, value REAL NOT NULL,
            PRIMARY KEY (metric_id, at)
        ) WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE job_changes (
            id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, status TEXT NOT NULL,
            failure_reason TEXT, started REAL, ended REAL, at REAL NOT NULL
        )""",
    ),
    ("ALTER TABLE log_groups ADD COLUMN retention_days INTEGER",),
    ("ALTER TABLE jobs ADD COLUMN scope TEXT",),
    (
        """CREATE TABLE parameters (
            name TEXT NOT NULL, version INTEGER NOT NULL, request TEXT NOT NULL, modified REAL NOT NULL,
            PRIMARY KEY (name, version)
        ) WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE pipelines (
            key TEXT PRIMARY KEY, name TEXT NOT NULL, arn TEXT NOT NULL, request TEXT NOT NULL,
            version INTEGER NOT NULL, created REAL NOT NULL, modified REAL NOT NULL, last_run REAL,
            created_by TEXT NOT NULL, modified_by TEXT NOT NULL
        )""",
        "CREATE INDEX pipelines_by_creation ON pipelines (created, key)",
        """CREATE TABLE pipeline_versions (
            pipeline TEXT NOT NULL, version INTEGER NOT NULL, definition TEXT NOT NULL, created REAL NOT NULL,
            last_execution TEXT, PRIMARY KEY (pipeline, version)
        )""",
        """CREATE TABLE pipeline_executions (
            arn TEXT PRIMARY KEY, pipeline TEXT NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL,
            request TEXT NOT NULL, parameters TEXT NOT NULL, failure_reason TEXT, created REAL NOT NULL,
            modified REAL NOT NULL, ended REAL, created_by TEXT NOT NULL, modified_by TEXT NOT NULL, scope TEXT
        )""",
        "CREATE INDEX pipeline_executions_by_creation ON pipeline_executions (pipeline, created, arn)",
        "CREATE INDEX pipeline_executions_by_status ON pipeline_executions (status, created, arn)",
        """CREATE TABLE pipeline_steps (
            number INTEGER PRIMARY KEY AUTOINCREMENT, execution TEXT NOT NULL, name TEXT NOT NULL,
            type TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL, ended REAL, attempt INTEGER NOT NULL,
            job TEXT, cache_key TEXT, metadata TEXT NOT NULL, properties TEXT NOT NULL, failure_reason TEXT,
            source_kind TEXT, source TEXT, retries TEXT NOT NULL, retry_at REAL, UNIQUE (execution, name)
        )""",
        "CREATE INDEX pipeline_steps_in_order ON pipeline_steps (execution, number)",
        "CREATE INDEX pipeline_steps_by_cache_key ON pipeline_steps (cache_key, name)",
        """CREATE TABLE request_tokens (
            operation TEXT NOT NULL, token TEXT NOT NULL, arn TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (operation, token)
        ) WITHOUT ROWID""",
        "CREATE INDEX request_tokens_by_time ON request_tokens (at)",
        """CREATE TABLE pending_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT, detail_type TEXT NOT NULL, resources TEXT NOT NULL,
            detail TEXT NOT NULL, at REAL NOT NULL
        )""",
    ),
    (
        """CREATE TABLE processing_jobs (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, request TEXT NOT NULL, status TEXT NOT NULL,
            failure_reason TEXT, exit_message TEXT, created REAL NOT NULL, modified REAL NOT NULL,
            started REAL, ended REAL, scope TEXT
        )""",
        "CREATE INDEX processing_jobs_by_creation ON processing_jobs (created, name)",
        "CREATE INDEX processing_jobs_by_status ON processing_jobs (status, name)",
        "CREATE INDEX processing_jobs_by_status_and_creation ON processing_jobs (status, created, name)",
    ),
    (
        """CREATE TABLE rules (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, request TEXT NOT NULL, since REAL NOT NULL
        )""",
        """CREATE TABLE rule_targets (
            rule TEXT NOT NULL, id TEXT NOT NULL, request TEXT NOT NULL, created_by TEXT NOT NULL, scope TEXT,
            PRIMARY KEY (rule, id)
        ) WITHOUT ROWID""",
        """CREATE TABLE schedule_groups (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL
        )""",
        "INSERT INTO schedule_groups (name, arn, created, modified) SELECT 'default', '', unixepoch(), unixepoch()",
        """CREATE TABLE schedules (
            group_name TEXT NOT NULL, name TEXT NOT NULL, request TEXT NOT NULL, since REAL NOT NULL,
            created REAL NOT NULL, modified REAL NOT NULL, created_by TEXT NOT NULL, scope TEXT,
            PRIMARY KEY (group_name, name)
        )""",
        "CREATE TABLE timers (source TEXT PRIMARY KEY, due REAL NOT NULL) WITHOUT ROWID",
        "CREATE INDEX timers_by_time ON timers (due)",
        """CREATE TABLE firings (
            token TEXT PRIMARY KEY, source TEXT NOT NULL, due REAL NOT NULL, target TEXT NOT NULL,
            created_by TEXT NOT NULL, scope TEXT, attempts INTEGER NOT NULL DEFAULT 0, next_try REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX firings_by_time ON firings (next_try)",
        "CREATE INDEX firings_by_source ON firings (source)",
        """CREATE TABLE invocations (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, metric TEXT NOT NULL, at INTEGER NOT NULL
        )""",
        "CREATE INDEX invocations_by_source ON invocations (source, metric, at)",
        "CREATE INDEX invocations_by_time ON invocations (at)",
    ),
    (
        "CREATE TABLE dashboards (name TEXT PRIMARY KEY, body TEXT NOT NULL, modified REAL NOT NULL)",
        """CREATE TABLE stacks (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, request TEXT NOT NULL,
            previous TEXT, outputs TEXT NOT NULL, created REAL NOT NULL, updated REAL, deleted REAL,
            created_by TEXT NOT NULL, scope TEXT
        )""",
        "CREATE INDEX stacks_by_name ON stacks (name)",
        """CREATE TABLE stack_resources (
            stack TEXT NOT NULL, logical_id TEXT NOT NULL, type TEXT NOT NULL, physical_id TEXT NOT NULL,
            status TEXT NOT NULL, reason TEXT, at REAL NOT NULL, properties TEXT NOT NULL, attributes TEXT NOT NULL,
            leftovers TEXT NOT NULL, is_pending INTEGER NOT NULL, policy TEXT NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (stack, logical_id)
        )""",
        """CREATE TABLE stack_events (
            number INTEGER PRIMARY KEY AUTOINCREMENT, stack TEXT NOT NULL, id TEXT NOT NULL, logical_id TEXT NOT NULL,
            physical_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, at REAL NOT NULL
        )""",
        "CREATE INDEX stack_events_by_stack ON stack_events (stack, number)",
        """CREATE TABLE change_sets (
            id TEXT PRIMARY KEY, stack TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
            execution_status TEXT NOT NULL, reason TEXT, kind TEXT NOT NULL, request TEXT NOT NULL,
            changes TEXT NOT NULL, created REAL NOT NULL
        )""",
        "CREATE INDEX change_sets_by_stack ON change_sets (stack, created)",
    ),
)
