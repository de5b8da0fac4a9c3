"""A manifest of some of a job's inputs leads to the same output keys as the job's own input did."""

from __future__ import annotations

import pytest

from transform.keys import output_key
from transform.manifest import manifest_of, parse_manifest

OUT = "out"


def pairs(prefix: str, keys: list[str]) -> list[tuple[str, str]]:
    return [(key, output_key(prefix, key, OUT)) for key in keys]


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("in/", ["in/a.csv"]),
        ("in/", ["in/a.csv", "in/x/y/b.csv"]),
        ("in", ["in/a.csv", "in/x/b.csv"]),
        ("in/part", ["in/part-1.csv", "in/part-2.csv"]),
        ("in/a.csv", ["in/a.csv"]),
        ("", ["a.csv", "x/b.csv"]),
        ("in/", ["in//a", "in/b"]),
        ("in/", ["in/größe €.csv", 'in/a "quoted", one']),
    ],
)
def test_outputs_get_the_keys_that_the_first_job_gives_them(prefix: str, keys: list[str]) -> None:
    named = pairs(prefix, keys)
    manifest = manifest_of("bucket", named, OUT)
    assert manifest is not None
    read = parse_manifest(manifest.body())
    assert read.bucket == "bucket"
    assert [(key, output_key(read.prefix, key, OUT)) for key in read.keys] == named


def test_inputs_that_no_single_prefix_leads_from_have_no_manifest() -> None:
    # The first keeps what follows "in/", the second its whole name.
    assert manifest_of("bucket", pairs("in", ["in/a.csv", "in2/b.csv"]), OUT) is None
