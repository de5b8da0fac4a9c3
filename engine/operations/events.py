"""EventBridge's "SageMaker Transform Job State Change", sent to a URL or a queue instead of a bus.

Changes are noted in the transactions that make them and sent by a task of its own, so no job ever waits for a
receiver, and none is lost when the engine is killed.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from engine.config import BadSetting, Config
from engine.credentials import Key
from engine.operations.transform_jobs import with_defaults
from engine.runner.queue import Queue
from engine.runner.webhook import NotDelivered, post
from engine.store import JobRow, Store
from engine.store.changes import ChangeRow

log = logging.getLogger(__name__)

#: Seconds between two looks for changes, and the pauses between tries: twice as long each time.
_LOOK = 0.2
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
#: Seconds after which a change is old news: it is given up.
_LONGEST_WAIT = 3600.0

#: What an event shows of the request; per "Automating SageMaker with EventBridge" in the developer guide.
_REQUEST_MEMBERS = (
    "TransformJobName",
    "ModelName",
    "MaxConcurrentTransforms",
    "MaxPayloadInMB",
    "BatchStrategy",
    "Environment",
    "TransformInput",
    "TransformOutput",
    "TransformResources",
)


#: How one event's JSON is sent; raises NotDelivered.
_Post = Callable[[bytes], Awaitable[None]]


def check_url(setting: str, text: str) -> str | None:
    """The address in this setting, None if it is empty. Raises BadSetting."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not text.isascii() or not text.isprintable() or " " in text:
        raise BadSetting(f"{setting} must be an http:// or https:// address, not {text!r}.")
    return text


def check_single_receiver(config: Config) -> Config:
    """The configuration as it is. Raises BadSetting if events are to go to two receivers."""
    if config.events_url and config.events_queue:
        raise BadSetting(
            "ENGINE_EVENTS_URL and ENGINE_EVENTS_QUEUE cannot both be set: events go to one receiver."
        )
    return config


class Events:
    """Sends changes one after the other, each until it is taken, refused for good, or an hour old."""

    def __init__(self, config: Config, store: Store, key: Key) -> None:
        """`key` signs what is sent to a queue where this machine has no keys of AWS."""
        self._config = config
        self._key = key
        self._store = store
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to note changes and to send them, if there is a receiver to send them to."""
        send = self._receiver()
        if send is not None:
            self._store.changes.keep()
            self._task = asyncio.create_task(self._send_all(send), name="events")

    def _receiver(self) -> _Post | None:
        url, queue = self._config.events_url, self._config.events_queue
        if queue is not None:
            return Queue(queue, self._config.region, self._key).send
        return functools.partial(post, url) if url is not None else None

    async def close(self) -> None:
        """Stop sending; what was not taken is sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _send_all(self, send: _Post) -> None:
        while True:
            change = self._store.changes.first()
            if change is None:
                await asyncio.sleep(_LOOK)
                continue
            await self._send(send, change)
            self._store.changes.drop(change.id)

    async def _send(self, send: _Post, change: ChangeRow) -> None:
        row = self._store.jobs.get(change.job)
        if row is None:
            return
        body = json.dumps(event_of(self._config, row, change, self._store.tags.list(row.arn))).encode()
        pause = _FIRST_PAUSE
        while True:
            try:
                await send(body)
            except NotDelivered as failure:
                if not failure.again or time.time() - change.at > _LONGEST_WAIT:
                    log.warning("the event that %s is %s was given up: %s", row.name, change.status, failure)
                    return
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def event_of(config: Config, row: JobRow, change: ChangeRow, tags: Mapping[str, str]) -> dict[str, Any]:
    """The event; one that is sent again has the same id.

    Times in `detail` are epoch milliseconds: so AWS sends them, though its guide shows texts.
    """
    request = with_defaults(row.request)
    detail = {
        **{name: request[name] for name in _REQUEST_MEMBERS if name in request},
        "TransformJobArn": row.arn,
        "TransformJobStatus": change.status,
        "FailureReason": change.failure_reason,
        "CreationTime": _milliseconds(row.created),
        "TransformStartTime": _milliseconds(change.started),
        "TransformEndTime": _milliseconds(change.ended),
        "Tags": dict(tags),
    }
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row.arn}#{change.id}")),
        "detail-type": "SageMaker Transform Job State Change",
        "source": "aws.sagemaker",
        "account": config.account_id,
        "time": datetime.fromtimestamp(int(change.at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": config.region,
        "resources": [row.arn],
        "detail": {name: value for name, value in detail.items() if value is not None},
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
