"""Clients of S3 that data people use, each with a small job of its kind: the scripts of data_clients/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cloud import Cloud, unique

#: One worker, so that the environment is made once.
pytestmark = [pytest.mark.xdist_group("contract-data-clients"), pytest.mark.timeout(1200)]

SCRIPTS = Path(__file__).with_name("data_clients")

#: What each script prints.
LINES = {
    "with_pyarrow.py": [
        "rows 50000",
        "end xxx size 12582912",
        "files ['copy.bin', 'large.bin', 'part-0.parquet', 'part-0.parquet']",
        "left 0",
    ],
    "with_polars.py": ["sum 25000000", "equal True"],
    "with_pandas.py": [
        "equal True",
        "files ['large.bin', 'one.csv']",
        "size 11534336 end xxx",
        "moved True False",
        "left 0",
    ],
    "with_awswrangler.py": ["equal True", "rows 2", "objects 4 folders 1", "size 22", "left 0"],
    "with_crt.py": ["size 16777219 type text/csv", "equal True", "checksum rosUhgp5mIg="],
}


@pytest.mark.parametrize("name", list(LINES))
def test_a_client_writes_lists_and_reads_its_data(
    cloud: Cloud, data_clients_python: Path, tmp_path: Path, name: str
) -> None:
    folder = f"{cloud.bucket}/{unique('data')}"
    script = cloud.run(tmp_path, [data_clients_python, SCRIPTS / name, folder])
    assert script.lines() == LINES[name]


def test_s3cmd_synchronises_files_in_parts(cloud: Cloud, data_clients_python: Path, tmp_path: Path) -> None:
    folder = f"{cloud.bucket}/{unique('data')}"
    script = cloud.run(tmp_path, ["bash", SCRIPTS / "with_s3cmd.sh", data_clients_python.parent, folder])
    assert script.lines() == ["listed 12000000", "listed 4", "equal", "equal large", "left 0"]
