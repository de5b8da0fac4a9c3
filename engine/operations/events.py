"""EventBridge's events of transform jobs and pipelines, sent to a URL or a queue instead of a bus.

Changes are recorded within their own transactions and sent by a separate task: jobs never wait for the receiver,
and no event is lost when the engine is killed.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from engine.config import BadSetting, Config
from engine.credentials import Key
from engine.operations.transform_jobs import with_defaults
from engine.runner.webhook import NotDelivered, post
from engine.store import JobRow, Store
from engine.store.changes import ChangeRow
from engine.store.texts import utc_text

log = logging.getLogger(__name__)

#: Seconds between two polls for changes, and the pauses between attempts, which double each time.
_POLL_SECONDS = 0.2
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
#: Seconds after which an unsent event is given up.
_LONGEST_WAIT = 3600.0

#: Fields of the request that an event contains ("Automating SageMaker with EventBridge" in the developer guide).
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


#: Sends the JSON of one event; raises NotDelivered.
_Post = Callable[[bytes], Awaitable[None]]


def check_url(setting: str, text: str) -> str | None:
    """Check the URL of this setting; None if it is empty. Raises BadSetting."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or not text.isascii() or not text.isprintable() or " " in text:
        raise BadSetting(f"{setting} must be an http:// or https:// address, not {text!r}.")
    return text


def check_single_receiver(config: Config) -> Config:
    """Return the configuration unchanged. Raises BadSetting if it names two receivers of events."""
    if config.events_url and config.events_queue:
        raise BadSetting(
            "ENGINE_EVENTS_URL and ENGINE_EVENTS_QUEUE cannot both be set: events go to one receiver."
        )
    return config


class Events:
    """Sends events one after the other. Repeats each until it is delivered, finally refused, or an hour old."""

    def __init__(self, config: Config, store: Store, key: Key) -> None:
        """`key` signs messages to a queue if this machine has no AWS credentials."""
        self._config = config
        self._key = key
        self._store = store
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to record and send changes, if a receiver is configured."""
        send = self._receiver()
        if send is not None:
            self._store.changes.keep()
            self._store.pending_events.keep()
            self._task = asyncio.create_task(self._send_all(send), name="events")

    def _receiver(self) -> _Post | None:
        url, queue = self._config.events_url, self._config.events_queue
        if queue is not None:
            # botocore's session takes 0.2 s and 3 MB, which few engines need.
            from engine.runner.queue import Queue

            return Queue(queue, self._config.region, self._key).send
        return functools.partial(post, url) if url is not None else None

    async def close(self) -> None:
        """Stop sending; the remaining events are sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _send_all(self, send: _Post) -> None:
        while True:
            message = self._first()
            if message is None:
                await asyncio.sleep(_POLL_SECONDS)
                continue
            if message.event is not None:
                await _send(send, message)
            message.drop()

    def _first(self) -> _Message | None:
        """The oldest message of both tables, or None."""
        change, pending = self._store.changes.first(), self._store.pending_events.first()
        if change is not None and (pending is None or change.at <= pending.at):
            row = self._store.jobs.get(change.job)
            event = (
                None if row is None else event_of(self._config, row, change, self._store.tags.list(row.arn))
            )
            drop = functools.partial(self._store.changes.drop, change.id)
            return _Message(f"{change.job} is {change.status}", change.at, event, drop)
        if pending is not None:
            event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{pending.resources[-1]}#event-{pending.id}"))
            event = _envelope(
                self._config, event_id, pending.detail_type, pending.at, pending.resources, pending.detail
            )
            drop = functools.partial(self._store.pending_events.drop, pending.id)
            return _Message(f"{pending.detail_type} of {pending.resources[-1]}", pending.at, event, drop)
        return None


@dataclass(frozen=True, slots=True)
class _Message:
    """What is to be sent. `phrase` is for the log; `event` is None if its job does not exist."""

    phrase: str
    at: float
    event: dict[str, Any] | None
    drop: Callable[[], None]


async def _send(send: _Post, message: _Message) -> None:
    body = json.dumps(message.event).encode()
    pause = _FIRST_PAUSE
    while True:
        try:
            await send(body)
        except NotDelivered as failure:
            if not failure.again or time.time() - message.at > _LONGEST_WAIT:
                log.warning("the event that %s was given up: %s", message.phrase, failure)
                return
        else:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def event_of(config: Config, row: JobRow, change: ChangeRow, tags: Mapping[str, str]) -> dict[str, Any]:
    """The event of a change. It has the same id each time it is sent.

    Times in `detail` are epoch milliseconds, as AWS sends them, although its guide shows texts.
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
    return _envelope(
        config,
        str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row.arn}#{change.id}")),
        "SageMaker Transform Job State Change",
        change.at,
        [row.arn],
        {name: value for name, value in detail.items() if value is not None},
    )


def _envelope(
    config: Config,
    event_id: str,
    detail_type: str,
    at: float,
    resources: Sequence[str],
    detail: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": "aws.sagemaker",
        "account": config.account_id,
        "time": utc_text(at),
        "region": config.region,
        "resources": list(resources),
        "detail": dict(detail),
    }


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
