"""Buckets in AWS's own host names, through the proxy that `clary env` names."""

import sys

from tests.clients.shell import PROGRAMS, Shell, installed


def test_boto3_and_curl_reach_buckets_by_their_hosts(shell: Shell, bucket: str) -> None:
    curl = installed("curl", "curl")
    urls = shell.run(sys.executable, PROGRAMS / "boto3_hosts.py", bucket).split()
    assert [url.split("/")[2] for url in urls] == [f"{bucket}.s3.amazonaws.com", f"{bucket}.s3.eu-west-1.amazonaws.com"]
    for url in urls:
        assert shell.run(curl, "-sSf", url) == "12345"


def test_curl_signs_by_itself(shell: Shell, bucket: str) -> None:
    curl, user = installed("curl", "curl"), "{AWS_ACCESS_KEY_ID}:{AWS_SECRET_ACCESS_KEY}".format(**shell.variables)
    sign = ["-sSf", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", user]
    url = f"https://{bucket}.s3.us-east-1.amazonaws.com/k"
    shell.run(curl, *sign, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-T", "-", url, data=b"12345")
    assert shell.run(curl, *sign, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", url) == "12345"
