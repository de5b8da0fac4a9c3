"""Large files through AWS's common runtime and its checksums.

The transfer manager is made as the aws CLI makes it: TransferConfig(preferred_transfer_client="crt") speaks TLS
whatever the address of the endpoint says.
"""

import os
import sys
from pathlib import Path

import boto3
import botocore.session
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

bucket, _, prefix = sys.argv[1].partition("/")
session = botocore.session.get_session()
credentials = BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
client = create_s3_crt_client("us-east-1", crt_credentials_provider=credentials, use_ssl=False)
serializer = BotocoreCRTRequestSerializer(
    session, {"region_name": "us-east-1", "endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
)
Path("large.bin").write_bytes(bytes(range(256)) * 65536 + b"end")
with CRTTransferManager(client, serializer) as manager:
    manager.upload("large.bin", bucket, f"{prefix}/large.bin", {"ContentType": "text/csv"}).result()
    manager.download(bucket, f"{prefix}/large.bin", "back.bin").result()
s3 = boto3.client("s3")
head = s3.head_object(Bucket=bucket, Key=f"{prefix}/large.bin", ChecksumMode="ENABLED")
print("size", head["ContentLength"], "type", head["ContentType"])
print("equal", Path("back.bin").read_bytes() == Path("large.bin").read_bytes())
put = s3.put_object(Bucket=bucket, Key=f"{prefix}/small", Body=b"123456789", ChecksumAlgorithm="CRC64NVME")
print("checksum", put["ChecksumCRC64NVME"])
