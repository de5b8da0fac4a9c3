"""Calls to AWS in our own types. Functions return frozen dataclasses, None if something does not exist, and raise
errors named for the decision they lead to.

The only package that imports boto3, botocore or the SageMaker SDK. It reads no rows: callers name a connection with
a `Target`.
"""

from aws.errors import GatewayError, NoCapacity, Paced, Rejected, Throttled, Unreachable
from aws.scoping import OutOfScope
from aws.target import Target

__all__ = [
    "GatewayError",
    "NoCapacity",
    "OutOfScope",
    "Paced",
    "Rejected",
    "Target",
    "Throttled",
    "Unreachable",
]
