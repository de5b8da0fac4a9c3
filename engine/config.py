"""What can be set about an engine: one frozen record, made once by `engine.__main__` and passed down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Config:
    """Where the engine listens, where it keeps things, and who it says it is."""

    data_dir: Path
    runtimes_dir: Path
    host: str = "127.0.0.1"
    port: int = 8070
    account_id: str = "000000000000"
    region: str = "us-east-1"
    #: Seconds a model server may take until /ping answers 200 before its job fails.
    #: AWS gives up after about 30 minutes; on one machine that only wastes time.
    ping_deadline: float = 300.0
    #: Bytes that one answer of a model server may have; more fails its object. Answers are held in memory.
    largest_answer: int = 1024**3
    #: How many jobs run at once; later ones are InProgress without a TransformStartTime until it is their turn,
    #: as on AWS while instances are being provisioned.
    max_running_jobs: int = 4
    #: A folder of further runtimes (see engine.runtimes.registry), for images that are not built in.
    extra_runtimes: Path | None = None

    @property
    def database(self) -> Path:
        """The SQLite file that holds models, jobs, tags and logs."""
        return self.data_dir / "engine.sqlite3"

    @property
    def objects_dir(self) -> Path:
        """The folder of the S3 store: its index and the bodies too large to be inline."""
        return self.data_dir / "objects"

    @property
    def jobs_dir(self) -> Path:
        """The folder under which each running instance gets a working directory."""
        return self.data_dir / "jobs"

    @property
    def credentials_file(self) -> Path:
        """JSON with the access key that clients sign with, made at first start, readable by its owner only."""
        return self.data_dir / "credentials.json"
