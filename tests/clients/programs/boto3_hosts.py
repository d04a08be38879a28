"""boto3 without an endpoint: AWS's own host names, with the bucket in them. Takes a bucket."""

import os
import sys

import boto3
from botocore.config import Config

if __name__ == "__main__":
    bucket = sys.argv[1]
    os.environ.pop("AWS_ENDPOINT_URL")
    s3 = boto3.client("s3", config=Config(s3={"addressing_style": "virtual"}))
    assert s3.meta.endpoint_url == "https://s3.amazonaws.com"
    key = "a key/with ü+&?.txt"
    s3.put_object(Bucket=bucket, Key=key, Body=b"12345", Metadata={"who": "me"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (b"12345", {"who": "me"})
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    signer = boto3.client(
        "s3", "eu-west-1", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    )
    for client in (s3, signer):  # by the first scheme, which is boto3's default there, and by the second
        sys.stdout.write(client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}) + "\n")
