"""The `context` of a script's functions: what the model servers of SageMaker's images tell of a request.

Methods and properties have the names of Multi Model Server's and TorchServe's context, which scripts call.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any


class HeaderNames(dict[str, str]):
    """Headers of a request, found by their names in upper or lower case."""

    def get(self, name: str, default: Any = None) -> Any:
        """The header's value, or `default`."""
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())


class RequestProcessor:
    """A request's headers, and the status and headers of its answer."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._request_headers = HeaderNames(headers)
        self._status = (200, "")
        self._response_headers: dict[str, str] = {}

    def get_request_property(self, key: str) -> str | None:
        """A header of the request."""
        value: str | None = self._request_headers.get(key)
        return value

    def get_request_properties(self) -> HeaderNames:
        """All headers of the request."""
        return self._request_headers

    def report_status(self, code: int, reason_phrase: str | None = None) -> None:
        """Set the answer's status."""
        self._status = (code, reason_phrase or "")

    def get_response_status_code(self) -> int:
        """The answer's status."""
        return self._status[0]

    def get_response_status_phrase(self) -> str:
        """The phrase behind the status."""
        return self._status[1]

    def add_response_property(self, key: str, value: str) -> None:
        """Set a header of the answer."""
        self._response_headers[key] = value

    def get_response_headers(self) -> dict[str, str]:
        """All headers of the answer."""
        return self._response_headers

    def get_response_header(self, key: str) -> str | None:
        """A header of the answer."""
        return self._response_headers.get(key)


class RequestMetrics:
    """Takes the metrics of a script. The images write them to a file of the container, which a job does not show."""

    def _take(self, *values: Any, **named: Any) -> None:
        """Accept the name, the value, the unit and the dimensions of a metric."""

    add_counter = add_time = add_size = add_percent = add_error = add_metric = _take


class RequestContext:
    """One object for all requests of a model, filled anew for each, as in the images."""

    def __init__(self, model_dir: str, server_version: str) -> None:
        """`server_version` is that of the image's model server."""
        self.model_name = "model"
        self.manifest: dict[str, Any] = {}
        self.system_properties: dict[str, Any] = {
            "model_dir": model_dir,
            "gpu_id": None,
            "batch_size": 1,
            "server_name": "MMS",
            "server_version": server_version,
        }
        self.metrics = RequestMetrics()
        self.request_ids: dict[int, str] = {}
        self.request_processor: list[RequestProcessor] = []

    def begin_request(self, headers: Mapping[str, str]) -> None:
        """Fill the context for one request with these headers."""
        self.request_ids = {0: str(uuid.uuid4())}
        self.request_processor = [RequestProcessor(headers)]

    def get_request_id(self, idx: int = 0) -> str | None:
        """The id of a request, which is new for each."""
        return self.request_ids.get(idx)

    def get_request_header(self, idx: int, key: str) -> str | None:
        """A header of the request."""
        return self.request_processor[idx].get_request_property(key)

    def get_all_request_header(self, idx: int) -> HeaderNames:
        """All headers of the request."""
        return self.request_processor[idx].get_request_properties()

    def set_response_content_type(self, idx: int, value: str) -> None:
        """Set the answer's content type."""
        self.set_response_header(idx, "content-type", value)

    def get_response_content_type(self, idx: int) -> str | None:
        """The answer's content type."""
        return self.get_response_headers(idx).get("content-type")

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Set the answer's status."""
        self.request_processor[idx].report_status(code, phrase)

    def set_all_response_status(self, code: int = 200, phrase: str = "") -> None:
        """Set the status of the answers to all requests of a batch."""
        for processor in self.request_processor:
            processor.report_status(code, phrase)

    def get_response_status(self, idx: int) -> tuple[int, str]:
        """The answer's status and its phrase."""
        processor = self.request_processor[idx]
        return processor.get_response_status_code(), processor.get_response_status_phrase()

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        """Set a header of the answer."""
        self.request_processor[idx].add_response_property(key, value)

    def get_response_headers(self, idx: int) -> dict[str, str]:
        """All headers of the answer."""
        return self.request_processor[idx].get_response_headers()
