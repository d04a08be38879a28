"""S3's first signature scheme: boto3 still presigns URLs with it in the older regions, unless told otherwise.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import unquote

#: Parameters that name another resource, or change the response, and so are signed.
SUBRESOURCES = frozenset({
    "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location",
    "logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
    "response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
    "response-content-type", "response-expires", "restore", "select", "select-type", "storageClass", "tagging",
    "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
})  # fmt: skip


def string_to_sign(method: str, path: str, query: str, headers: Mapping[str, str], date: str) -> str:
    """Return what SigV2 signs. `path` has the bucket in it; `date` is the Date header, or a presigned URL's end."""
    amz = sorted(name for name in headers if name.startswith("x-amz-"))
    lines = [method, headers.get("content-md5", ""), headers.get("content-type", ""), date]
    lines += [f"{name}:{headers[name].strip()}" for name in amz]
    return "\n".join([*lines, path + subresources(query)])


def subresources(query: str) -> str:
    """Return the signed part of a query, sorted, its values decoded; empty without one."""
    signed = []
    for pair in query.split("&"):
        name, mark, value = pair.partition("=")
        if name in SUBRESOURCES:
            signed.append(f"{name}{mark}{unquote(value)}")
    return f"?{'&'.join(sorted(signed))}" if signed else ""


def sign(secret: str, text: str) -> str:
    """Return the signature of `text`."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode("latin-1"), "sha1")).decode()
