"""EventBridge's "SageMaker Transform Job State Change" events, as a rule puts them into an SQS queue.

The event is described at
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html. It is a bell and no more:
who hears it asks SageMaker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from aws.calls import translated
from aws.clients import client
from aws.target import Target

_KIND = "SageMaker Transform Job State Change"
#: SQS's own most for one ReceiveMessage.
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class StateChange:
    """A transform job that changed, and where."""

    name: str
    account: str
    region: str


def take(target: Target, queue_url: str, *, wait: int) -> tuple[int, list[StateChange]]:
    """Take up to ten messages out of the queue, waiting so many seconds for the first; raises a GatewayError.

    How many there were, and the changes they told of. What is no such event is taken out too: nobody else reads the
    queue, and what stayed would come again for days.
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
    """What a message tells; None if it is anything but such an event."""
    try:
        event = json.loads(body)
        if event["detail-type"] != _KIND or event["source"] != "aws.sagemaker":
            return None
        told = event["detail"]["TransformJobName"], event["account"], event["region"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(text, str) and 0 < len(text) <= 63 and text.isascii() for text in told):
        return None
    return StateChange(*told)
