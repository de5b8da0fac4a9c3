"""Texts of strangers' JSON that no page and no database could hold."""

from __future__ import annotations

import pytest

from transform.json_values import read_json
from transform.manifest import ManifestError, parse_manifest


def test_halves_of_letters_and_nul_stay_as_json_writes_them() -> None:
    value = read_json(rb'{"a\u0000b": ["\ud800", "x\ud83d\ude00"], "\udfff": 1}')
    assert value == {"a\\u0000b": ["\\ud800", "x\U0001f600"], "\\udfff": 1}
    assert read_json('"\\u00e9\\\\u0000"') == "é\\u0000"
    value["a\\u0000b"][0].encode()


@pytest.mark.parametrize(
    "body",
    [
        rb'[{"prefix": "s3://b/"}, "a\u0000.csv"]',
        rb'[{"prefix": "s3://b/"}, "\ud800"]',
        rb'[{"prefix": "s3://b/\ud800/"}, "a"]',
        b"[" * 100_000,
    ],
)
def test_a_manifest_with_names_that_no_key_can_have_is_refused(body: bytes) -> None:
    with pytest.raises(ManifestError):
        parse_manifest(body)
