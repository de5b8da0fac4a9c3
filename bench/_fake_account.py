"""An account with as many running transform jobs as asked: List- and DescribeTransformJob from memory, empty buckets.

The embedded engine runs its jobs, so it cannot have ten thousand; this account only counts calls.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: The greatest MaxResults of ListTransformJobs, and what it is without one:
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTransformJobs.html
_MOST, _DEFAULT = 100, 10
#: When every job was made, in seconds since 1970.
CREATED = 1_760_000_000.0


class FakeAccount:
    """A server on a free port of 127.0.0.1; use it as a context manager. `calls` counts by operation."""

    def __init__(self, names: list[str]) -> None:
        self.calls: Counter[str] = Counter()
        #: Status and time of the last change, by name; others may be written while it runs.
        self.jobs: dict[str, tuple[str, float]] = dict.fromkeys(names, ("InProgress", CREATED))
        handler = type("Handler", (_Handler,), {"account": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeAccount:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The answer of an operation. Raises KeyError for an unknown operation or job."""
        self.calls[operation] += 1
        if operation == "DescribeTransformJob":
            return {**self._summary(parameters["TransformJobName"]), **_REST, "TransformStartTime": CREATED}
        if operation == "ListTransformJobs":
            return self._page(parameters)
        raise KeyError(operation)

    def _page(self, parameters: dict[str, Any]) -> dict[str, Any]:
        names = [
            name
            for name, (status, _) in self.jobs.items()
            if parameters.get("StatusEquals") in (None, status)
        ]
        first = int(parameters.get("NextToken", "0"))
        after = first + min(parameters.get("MaxResults", _DEFAULT), _MOST)
        page: dict[str, Any] = {"TransformJobSummaries": [self._summary(name) for name in names[first:after]]}
        if after < len(names):
            page["NextToken"] = str(after)
        return page

    def _summary(self, name: str) -> dict[str, Any]:
        status, modified = self.jobs[name]
        return {
            "TransformJobName": name,
            "TransformJobArn": f"arn:aws:sagemaker:us-east-1:000000000000:transform-job/{name}",
            "CreationTime": CREATED,
            "LastModifiedTime": modified,
            "TransformJobStatus": status,
        }


_REST = {
    "ModelName": "churn",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}}
    },
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


_NO_OBJECTS = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><KeyCount>0</KeyCount>'
    b"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out in two writes; else the second waits for the first's delayed acknowledgement, 40 ms.
    disable_nagle_algorithm = True
    account: FakeAccount

    def do_POST(self) -> None:
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        parameters = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        try:
            status, answer = 200, self.account.answer(operation, parameters)
        except KeyError:
            status, answer = 400, {"__type": "ValidationException", "message": "Could not find it"}
        self._send(status, "application/x-amz-json-1.1", json.dumps(answer).encode())

    def do_GET(self) -> None:
        self.account.calls["ListObjectsV2"] += 1
        self._send(200, "application/xml", _NO_OBJECTS)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do nothing: the calls are counted."""
