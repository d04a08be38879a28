"""Transfers by the AWS Common Runtime, the C library that also stands behind Mountpoint. Takes a bucket and a file.

boto3 makes its client of it for TLS alone, so that this makes its own.
"""

import sys
from pathlib import Path

import botocore.session
from s3transfer.crt import (
    BotocoreCRTCredentialsWrapper,
    BotocoreCRTRequestSerializer,
    CRTTransferManager,
    create_s3_crt_client,
)

if __name__ == "__main__":
    bucket, source = sys.argv[1:]
    session = botocore.session.Session()
    credentials = BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()
    client = create_s3_crt_client("us-east-1", credentials, use_ssl=False)
    with CRTTransferManager(client, BotocoreCRTRequestSerializer(session)) as manager:
        manager.upload(source, bucket, "k", {"Metadata": {"who": "me"}}).result()
        manager.download(bucket, "k", f"{source}-back").result()
    assert Path(f"{source}-back").read_bytes() == Path(source).read_bytes()
    head = session.create_client("s3").head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == {"who": "me"}
    assert "-" in head["ETag"]  # in parts
