"""The tables of the S3 index, version by version.

Keys are UTF-8 BLOBs, so that SQLite sorts them in S3's byte order. `body` is JSON: `{"inline": id}` for bodies
in the index, `{"files": [[name, size], …]}` for the others, with `"part_checksums"` if their upload named an algorithm.
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE buckets (name TEXT PRIMARY KEY, created REAL NOT NULL)",
        """CREATE TABLE objects (
            bucket TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
            modified REAL NOT NULL, headers TEXT NOT NULL, metadata TEXT NOT NULL, checksums TEXT NOT NULL,
            tags TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (bucket, key)
        ) WITHOUT ROWID""",
        "CREATE TABLE inline_bodies (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
        """CREATE TABLE uploads (
            id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, created REAL NOT NULL,
            headers TEXT NOT NULL, metadata TEXT NOT NULL, tags TEXT NOT NULL, checksum TEXT NOT NULL
        )""",
        "CREATE INDEX uploads_by_key ON uploads (bucket, key, id)",
        """CREATE TABLE parts (
            upload TEXT NOT NULL REFERENCES uploads (id), number INTEGER NOT NULL, size INTEGER NOT NULL,
            etag TEXT NOT NULL, modified REAL NOT NULL, checksums TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (upload, number)
        ) WITHOUT ROWID""",
    ),
    (
        "ALTER TABLE buckets ADD COLUMN tags TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE uploads ADD COLUMN checksum_type TEXT NOT NULL DEFAULT ''",
    ),
    (
        "ALTER TABLE buckets ADD COLUMN region TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE uploads ADD COLUMN names_checksum INTEGER NOT NULL DEFAULT 1",
        """CREATE TABLE completed_uploads (
            id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, etag TEXT NOT NULL, completed REAL NOT NULL
        )""",
    ),
    (
        """CREATE TABLE bucket_configurations (
            bucket TEXT NOT NULL, kind TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (bucket, kind)
        ) WITHOUT ROWID""",
        # Each completed upload deletes the old rows.
        "CREATE INDEX completed_uploads_by_time ON completed_uploads (completed)",
    ),
)
