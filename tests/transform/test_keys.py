"""S3 URIs and the names of outputs, against what the service was seen to do."""

from __future__ import annotations

import json

import pytest

from transform.keys import output_key, parse_s3_uri
from transform.manifest import ManifestError, parse_manifest


@pytest.mark.parametrize(
    ("prefix", "key", "output"),
    [
        ("batch_transform", "batch_transform/0.png", "out/0.png.out"),
        ("batch_transform/", "batch_transform/0.png", "out/0.png.out"),
        ("data/test.csv", "data/test.csv", "out/test.csv.out"),
        ("in/", "in/sub/folder/a.csv", "out/sub/folder/a.csv.out"),
        ("in/part", "in/part-0001.csv", "out/part-0001.csv.out"),
        ("", "a.csv", "out/a.csv.out"),
        ("", "sub/a.csv", "out/sub/a.csv.out"),
        ("in", "in", "out/in.out"),
        ("in", "in//a", "out//a.out"),
        ("in/", "in/x.csv.gz", "out/x.csv.gz.out"),
    ],
)
def test_an_output_is_named_after_its_input(prefix: str, key: str, output: str) -> None:
    assert output_key(prefix, key, "out") == output_key(prefix, key, "out/") == output


def test_outputs_may_go_to_the_top_of_a_bucket() -> None:
    assert output_key("in/", "in/a.csv", "") == "a.csv.out"


@pytest.mark.parametrize("uri", ["", "bucket/key", "s3:/bucket", "s3:///key", "ftp://bucket/key"])
def test_what_is_no_s3_uri_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        parse_s3_uri(uri)


@pytest.mark.parametrize(
    "host",
    [
        "data.s3.amazonaws.com",
        "data.s3.eu-west-1.amazonaws.com",
        "data.s3-eu-west-1.amazonaws.com",
        "data.s3.dualstack.eu-west-1.amazonaws.com",
        "data.s3.cn-north-1.amazonaws.com.cn",
        "s3.amazonaws.com/data",
        "s3.eu-west-1.amazonaws.com/data",
        "s3-us-west-2.amazonaws.com/data",
    ],
)
def test_an_https_address_of_s3_is_read_in_each_of_its_forms(host: str) -> None:
    assert parse_s3_uri(f"https://{host}/in/a.csv") == ("data", "in/a.csv")
    assert parse_s3_uri(f"https://{host}") == parse_s3_uri(f"https://{host}/") == ("data", "")


@pytest.mark.parametrize(
    "uri", ["https://data.example.com/in", "https://s3.amazonaws.com/", "https://data.s3.example.com/in"]
)
def test_an_https_address_of_another_host_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        parse_s3_uri(uri)


def test_a_uri_is_a_bucket_and_the_rest_as_it_stands() -> None:
    assert parse_s3_uri("s3://bucket") == ("bucket", "")
    assert parse_s3_uri("s3://bucket/a//b/../c") == ("bucket", "a//b/../c")


def test_a_manifest_names_its_objects_relative_to_its_prefix() -> None:
    manifest = parse_manifest(json.dumps([{"prefix": "s3://bucket/some/"}, "a.csv", "sub/b.csv"]).encode())
    assert manifest.bucket == "bucket"
    assert manifest.keys == ["some/a.csv", "some/sub/b.csv"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"[]", "starts with"),
        (b'["a"]', "starts with"),
        (b'[{"folder": "s3://b/"}]', "first element"),
        (b'[{"prefix": "nowhere"}, "a"]', "prefix"),
        (b'[{"prefix": "s3://b/"}, 7]', "Element 1"),
        (b"\xff\xfe\x00", "not JSON"),
    ],
)
def test_a_broken_manifest_is_refused_with_what_it_must_be(body: bytes, says: str) -> None:
    with pytest.raises(ManifestError, match=says):
        parse_manifest(body)
