"""Which parameters hold: the request's, else the container's, else the defaults."""

from __future__ import annotations

from typing import Any

import pytest

from engine.runner.parameters import Parameters, effective_parameters, read_offer


@pytest.mark.parametrize(
    ("request_says", "container_says", "holds"),
    [
        ({}, {}, Parameters(1, 6, "MultiRecord")),
        ({"MaxConcurrentTransforms": 0}, {"MaxConcurrentTransforms": 3}, Parameters(3, 6, "MultiRecord")),
        ({"MaxConcurrentTransforms": 2}, {"MaxConcurrentTransforms": 3}, Parameters(2, 6, "MultiRecord")),
        ({"MaxPayloadInMB": 0}, {"MaxPayloadInMB": 3}, Parameters(1, 0, "MultiRecord")),
        ({}, {"MaxPayloadInMB": 0}, Parameters(1, 0, "MultiRecord")),
        ({}, {"BatchStrategy": "SINGLE_RECORD"}, Parameters(1, 6, "SingleRecord")),
        ({}, {"BatchStrategy": "SingleRecord"}, Parameters(1, 6, "SingleRecord")),
        (
            {"BatchStrategy": "MultiRecord"},
            {"BatchStrategy": "SINGLE_RECORD"},
            Parameters(1, 6, "MultiRecord"),
        ),
        ({}, {"MaxConcurrentTransforms": -1, "MaxPayloadInMB": "6", "BatchStrategy": 7}, Parameters()),
        ({}, {"MaxConcurrentTransforms": True, "MaxPayloadInMB": -2}, Parameters()),
        # A container may offer no more than 100 MB in flight, as a request may ask for no more.
        ({}, {"MaxConcurrentTransforms": 64}, Parameters(16, 6, "MultiRecord")),
        ({"MaxPayloadInMB": 100}, {"MaxConcurrentTransforms": 8}, Parameters(1, 100, "MultiRecord")),
    ],
)
def test_the_request_comes_first_then_the_container_then_the_default(
    request_says: dict[str, Any], container_says: dict[str, Any], holds: Parameters
) -> None:
    assert effective_parameters(request_says, container_says) == holds


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"\xff"])
def test_an_offer_that_is_no_object_is_none(body: bytes) -> None:
    assert read_offer(body) == {}


def test_no_limit_is_none() -> None:
    assert Parameters(max_payload_mb=0).limit is None
    assert Parameters(max_payload_mb=2).limit == 2 * 1024 * 1024
