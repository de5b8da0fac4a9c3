"""EventBridge's "SageMaker Transform Job State Change" events, as a rule puts them into an SQS queue.

The event is described at
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html. It only tells that a job
changed: the state is read from SageMaker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from aws.calls import translated
from aws.clients import client
from aws.target import Target

_KIND = "SageMaker Transform Job State Change"
#: SQS's limit for one ReceiveMessage.
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class StateChange:
    """A transform job that changed, and where."""

    name: str
    account: str
    region: str


def take(target: Target, queue_url: str, *, wait: int) -> tuple[int, list[StateChange]]:
    """Take up to ten messages out of the queue, waiting `wait` seconds for the first; raises a GatewayError.

    Returns the number of messages and the changes in them. Other messages are removed too: nobody else reads the
    queue, and they would come again for days.
    """
    with translated(target):
        sqs = client(target, "sqs")
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=wait)
        messages = answer.get("Messages", [])
        if messages:
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)
    return len(messages), [change for message in messages if (change := read_change(message.get("Body", "")))]


def read_change(body: str) -> StateChange | None:
    """The change in a message's body; None if it is no such event."""
    try:
        event = json.loads(body)
        if event["detail-type"] != _KIND or event["source"] != "aws.sagemaker":
            return None
        values = event["detail"]["TransformJobName"], event["account"], event["region"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(text, str) and 0 < len(text) <= 63 and text.isascii() for text in values):
        return None
    return StateChange(*values)
