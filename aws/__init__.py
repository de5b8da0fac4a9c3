"""AWS in our words. Frozen records come out, None stands for ordinary absence, errors carry the decision.

The only package that imports boto3, botocore or the SageMaker SDK. It reads no rows: callers describe the
other side with a `Target`.
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
