"""Clients of S3 that data people use, each with a small job of its kind: the scripts of data_clients/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.cloud import Cloud, outputs_expected, outputs_in, unique

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


def test_rclone_synchronises_and_checks_files_in_parts(
    cloud: Cloud, data_clients_python: Path, tmp_path: Path
) -> None:
    folder = f"{cloud.bucket}/{unique('data')}"
    script = cloud.run(tmp_path, ["bash", SCRIPTS / "with_rclone.sh", data_clients_python.parent, folder])
    assert script.lines() == [
        "equal",
        "large.bin;12000000",
        "one.csv;4",
        "sub/two words +%.csv;4",
        "copy/one.csv",
        "copy/sub/two words +%.csv",
        "in/large.bin",
        "in/sub/two words +%.csv",
        "moved.bin",
        "end 2",
        "left 0",
    ]


def test_the_javascript_sdk_uploads_reads_copies_and_deletes(
    cloud: Cloud, data_clients_python: Path, js_programs: Path
) -> None:
    node = data_clients_python.with_name("node")
    script = cloud.run(js_programs, [node, "objects.mjs", cloud.bucket, unique("js")])
    assert script.lines() == [
        "head 8 text/csv risk true",
        "range xend bytes 12582911-12582914/12582915",
        "keys large.bin | one.csv | with space +%.csv",
        r'presigned "1,2\n3,4\n"',
        "absent true 404",
        "deleted 3 left 0",
    ]


def test_the_javascript_sdk_runs_a_transform_job(
    cloud: Cloud, data_clients_python: Path, js_programs: Path, sample_model: str, sample_data: str
) -> None:
    names = [unique("js"), cloud.role, cloud.image, sample_model, sample_data, cloud.bucket]
    node = data_clients_python.with_name("node")
    lines = cloud.run(js_programs, [node, "transform.mjs", *names]).lines()
    assert lines[:2] == ["status Completed true", "listed 1 Completed"]
    assert outputs_in(lines) == outputs_expected()
    assert lines[-1] == "absent ValidationException client"
