"""The SQL of sums by day: what a job adds to which sums, for the triggers, for a new fill and for the comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from jobs.models.day_sum import FIGURES, KEYS, NO_DAY, Dimension
from jobs.states import RAN, TERMINAL, TRIALS, JobState

TABLE = "jobs_daysum"
JOBS = "jobs_transformjob"
#: Columns of a job from which its sums are made.
COLUMNS = (
    "id",
    "team_id",
    "connection_id",
    "model_name",
    "instance_type",
    "submitted_by_id",
    "spec",
    "root_id",
    "origin",
    "state",
    "started_at",
    "ended_at",
    "instance_seconds",
    "cost_usd",
    "records",
    "archived_at",
    "overall_state",
    "overall_ended_at",
    "overall_cause",
)
#: Columns that an UPDATE names when it changes these; the generated ones follow from the last three.
_WRITTEN = (
    *(name for name in COLUMNS if name != "id" and not name.startswith("overall_")),
    "cause",
    "joint_state",
    "joint_ended_at",
    "joint_cause",
)
_OF_ATTEMPTS = {
    "attempts": "1",
    "ran": "CASE WHEN root_id IS NULL THEN 1 ELSE 0 END",
    "unpriced": "CASE WHEN cost_usd IS NULL AND instance_seconds IS NOT NULL THEN 1 ELSE 0 END",
    "untimed": "CASE WHEN cost_usd IS NULL AND instance_seconds IS NULL THEN 1 ELSE 0 END",
    "seconds": "COALESCE(instance_seconds, 0)",
    "millionths": "COALESCE(CAST(ROUND(cost_usd * 1000000) AS BIGINT), 0)",
    "priced": "CASE WHEN {priced} THEN 1 ELSE 0 END",
    "priced_millionths": "CASE WHEN {priced} THEN CAST(ROUND(cost_usd * 1000000) AS BIGINT) ELSE 0 END",
    "priced_records": "CASE WHEN {priced} THEN records ELSE 0 END",
}
_PRICED = f"state = '{JobState.COMPLETED.value}' AND cost_usd IS NOT NULL AND records > 0"
_OF_JOBS = {
    state.value.lower(): f"CASE WHEN overall_state = '{state.value}' THEN 1 ELSE 0 END"
    for state in sorted(TERMINAL)
}
_ATTEMPT_RAN = "state IN ({ran}) AND started_at IS NOT NULL AND ended_at IS NOT NULL"
_JOB_ENDED = (
    "root_id IS NULL AND overall_state IN ({terminal}) AND overall_ended_at IS NOT NULL "
    "AND origin NOT IN ({trials})"
)
#: Longer than a tag of AWS, which has 128 characters in its key and 256 in its value.
_TAG = "SUBSTR(tags.key || '=' || COALESCE(tags.value, ''), 1, 400) AS tag"
_FAILED = "root_id IS NULL AND archived_at IS NULL AND overall_cause <> '' AND origin NOT IN ({trials})"


def _texts(values: Iterable[str]) -> str:
    return ", ".join(f"'{value!s}'" for value in sorted(values))


class SumSql:
    """The statements for one kind of database, `postgresql` or `sqlite`."""

    #: What happens to jobs, each with a trigger.
    events = ("INSERT", "UPDATE", "DELETE")

    def __init__(self, vendor: str) -> None:
        self.is_postgresql = vendor == "postgresql"

    def parts(self, rows: str, sign: int = 1) -> str:
        """A SELECT of KEYS and FIGURES: what each of the jobs in `rows` adds to each sum, times `sign`.

        `rows` is a table, or a SELECT in brackets, with COLUMNS.
        """
        facts = f"({self._facts(rows, sign)}) facts"
        figures = ", ".join(FIGURES)
        simple = (Dimension.MODEL, Dimension.OWNER, Dimension.INSTANCE_TYPE)
        dimensions = " UNION ALL ".join(f"SELECT '{name.value}' AS dimension" for name in simple)
        owner = "COALESCE(CAST(submitted_by_id AS VARCHAR(20)), '')"
        is_model = f"dimension = '{Dimension.MODEL.value}'"
        return f"""
SELECT team_id, dimension, day,
  CASE WHEN {is_model} THEN model_name ELSE '' END AS model_name,
  CASE WHEN {is_model} THEN connection_id END AS connection_id,
  CASE dimension WHEN '{Dimension.OWNER.value}' THEN {owner}
    WHEN '{Dimension.INSTANCE_TYPE.value}' THEN instance_type ELSE '' END AS value, {figures}
FROM {facts} CROSS JOIN ({dimensions}) dimensions
UNION ALL
SELECT team_id, '{Dimension.TAG.value}', day, '', NULL, tag, {figures} FROM ({self._tagged(facts)}) tagged
UNION ALL
SELECT team_id, '{Dimension.CAUSE.value}', {self._month("overall_ended_at")}, model_name, NULL, overall_cause,
  {", ".join(str(sign) if name == "failures" else "0" for name in FIGURES)}
FROM {rows} failed WHERE {_FAILED.format(trials=_texts(TRIALS))}"""  # noqa: S608  # our own tables and columns

    def insert(self, parts: str, is_change: bool) -> str:
        """The statement that adds these parts to the sums."""
        sums = ", ".join(f"SUM({name})" for name in FIGURES)
        keys = ", ".join(KEYS)
        # SQLite's DATE and PostgreSQL's are compared as they are stored; rows of one sum lie together.
        return (
            f"INSERT INTO {TABLE} ({keys}, {', '.join(FIGURES)}, is_change) "  # noqa: S608
            f"SELECT {keys}, {sums}, {'TRUE' if is_change else 'FALSE'} FROM ({parts}) parts "
            f"GROUP BY {keys} HAVING {_any_sum()} ORDER BY team_id, dimension, day"
        )

    def differences(self, team_id: int) -> str:
        """A SELECT of the keys of the team's sums that are not those of its jobs."""
        keys = ", ".join(KEYS)
        sums = f"SELECT {keys}, {', '.join(FIGURES)} FROM {TABLE} WHERE team_id = {team_id}"  # noqa: S608
        jobs = self.parts(_of_team(team_id), -1)
        both_sides = f"({sums} UNION ALL {jobs}) both_sides"
        return f"SELECT {keys} FROM {both_sides} GROUP BY {keys} HAVING {_any_sum()} ORDER BY {keys}"  # noqa: S608

    def fill(self, team_id: int) -> list[str]:
        """Statements that replace the team's sums by those of its jobs."""
        delete = f"DELETE FROM {TABLE} WHERE team_id = {team_id}"  # noqa: S608
        insert = self.insert(self.parts(_of_team(team_id)), is_change=False)
        # As one statement of PostgreSQL, both parts see the same jobs and changes.
        return [f"WITH removed AS ({delete}) {insert}"] if self.is_postgresql else [delete, insert]

    @property
    def version(self) -> str:
        """Changes when the triggers do."""
        return hashlib.sha256("".join(self._triggers("")).encode()).hexdigest()[:8]

    def triggers(self) -> list[str]:
        """Statements that make the triggers, whose names end with the version."""
        return self._triggers(f"_{self.version}")

    def _triggers(self, suffix: str) -> list[str]:
        old, new = ("old_rows", "new_rows") if self.is_postgresql else (_row("OLD"), _row("NEW"))
        parts = {
            "INSERT": self.parts(new),
            "UPDATE": f"{self.parts(old, -1)} UNION ALL {self.parts(new)}",
            "DELETE": self.parts(old, -1),
        }
        make = self._postgresql_trigger if self.is_postgresql else self._sqlite_trigger
        return [
            statement
            for event, part in parts.items()
            for statement in make(event, self.insert(part, is_change=True), suffix)
        ]

    def _postgresql_trigger(self, event: str, insert: str, suffix: str) -> list[str]:
        name = f"{PREFIX}{event.lower()}"
        tables = {
            "INSERT": "NEW TABLE AS new_rows",
            "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
            "DELETE": "OLD TABLE AS old_rows",
        }[event]
        # Most updates of a job are of its progress.
        differ = _differ("o", "n", "IS DISTINCT FROM")
        changed = f"SELECT 1 FROM old_rows o JOIN new_rows n ON o.id = n.id WHERE {differ}"  # noqa: S608
        skip = f" IF NOT EXISTS ({changed}) THEN RETURN NULL; END IF;" if event == "UPDATE" else ""
        return [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN{skip} {insert}; "
            "RETURN NULL; END $$",
            f"CREATE TRIGGER {name}{suffix} AFTER {event} ON {JOBS} REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ]

    def _sqlite_trigger(self, event: str, insert: str, suffix: str) -> list[str]:
        of = f" OF {', '.join(_WRITTEN)}" if event == "UPDATE" else ""
        when = f" WHEN {_differ('OLD', 'NEW', 'IS NOT')}" if event == "UPDATE" else ""
        name = f"{PREFIX}{event.lower()}{suffix}"
        return [f"CREATE TRIGGER {name} AFTER {event}{of} ON {JOBS} FOR EACH ROW{when} BEGIN {insert}; END"]

    def _facts(self, rows: str, sign: int) -> str:
        """A SELECT with a row for each attempt that ran and one for each job that ended, and what they add."""
        keys = "team_id, connection_id, model_name, instance_type, submitted_by_id, spec"
        attempts = {name: sql.format(priced=_PRICED) for name, sql in _OF_ATTEMPTS.items()}
        return f"""
SELECT {keys}, {self._day("ended_at")} AS day, {_figures(attempts, sign)} FROM {rows} attempts
WHERE {_ATTEMPT_RAN.format(ran=_texts(RAN))}
UNION ALL
SELECT {keys}, {self._day("overall_ended_at")}, {_figures(_OF_JOBS, sign)} FROM {rows} jobs
WHERE {_JOB_ENDED.format(terminal=_texts(TERMINAL), trials=_texts(TRIALS))}"""  # noqa: S608

    def _tagged(self, facts: str) -> str:
        """The facts, once for each tag of their jobs."""
        if self.is_postgresql:
            object_or_empty = (
                "CASE jsonb_typeof(spec -> 'tags') WHEN 'object' THEN spec -> 'tags' ELSE '{}' END"
            )
            return f"SELECT facts.*, {_TAG} FROM {facts} CROSS JOIN LATERAL jsonb_each_text({object_or_empty}) tags"  # noqa: S608
        return (
            f"SELECT facts.*, {_TAG} FROM {facts} "  # noqa: S608
            "JOIN json_each(spec, '$.tags') tags WHERE json_type(spec, '$.tags') = 'object'"
        )

    def _day(self, column: str) -> str:
        """The day of UTC; SQLite keeps times of UTC as texts."""
        return (
            f"CAST({column} AT TIME ZONE 'UTC' AS DATE)" if self.is_postgresql else f"SUBSTR({column}, 1, 10)"
        )

    def _month(self, column: str) -> str:
        """The first day of the month, NO_DAY without a time."""
        if self.is_postgresql:
            return (
                f"COALESCE(CAST(DATE_TRUNC('month', {column} AT TIME ZONE 'UTC') AS DATE), DATE '{NO_DAY}')"
            )
        return f"COALESCE(SUBSTR({column}, 1, 7) || '-01', '{NO_DAY}')"


#: Names of the triggers begin so.
PREFIX = "jobs_day_sums_"


def _figures(sql_by_name: dict[str, str], sign: int) -> str:
    """All figures as columns: those in `sql_by_name` times `sign`, the others 0."""
    return ", ".join(
        f"({sql_by_name[name]}) * {sign} AS {name}" if name in sql_by_name else f"0 AS {name}"
        for name in FIGURES
    )


def _any_sum() -> str:
    return " OR ".join(f"SUM({name}) <> 0" for name in FIGURES)


def _row(row: str) -> str:
    """The row of a trigger of SQLite as a table."""
    return f"(SELECT {', '.join(f'{row}.{name} AS {name}' for name in COLUMNS)})"


def _of_team(team_id: int) -> str:
    """The team's jobs as a table."""
    return f"(SELECT {', '.join(COLUMNS)} FROM {JOBS} WHERE team_id = {team_id})"  # noqa: S608


def _differ(old: str, new: str, unlike: str) -> str:
    return " OR ".join(f"{old}.{name} {unlike} {new}.{name}" for name in COLUMNS)
