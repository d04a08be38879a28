"""Server-side encryption: what requests ask for, and the keys (User guide, "Protecting data with encryption").

Every blob, and every object without one, is encrypted with a data key of its own. That is stored beside it, wrapped:
with the server's key (SSE-S3 and, until there is a KMS, SSE-KMS), or with the key that the customer keeps (SSE-C).

Differs from AWS: without a bucket default nothing is encrypted, and SSE-C works without TLS, for a server on loopback
has none.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from clary.services._base.context import Context
from clary.services.s3 import aes, errors
from clary.services.s3.models import Bucket
from clary.wire.errors import AwsError

CUSTOMER = "SSE-C"
AES256 = "AES256"
_KMS = frozenset({"aws:kms", "aws:kms:dsse"})
_NONCE_BYTES = 12
_KEY_BYTES = 32
#: Name of the server's key, from which it is derived.
PURPOSE = "s3 server-side encryption"


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an object is encrypted.

    `kind` is AES256, aws:kms, aws:kms:dsse or SSE-C; `name` the KMS key, or the MD5 of the customer's key in base64.
    `wrapping` is the key that wraps data keys.
    """

    kind: str
    name: str
    wrapping: bytes

    def new_key(self) -> tuple[bytes, str]:
        """Return a fresh data key, and the same wrapped, in base64."""
        key, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
        wrapped = nonce + aes.encrypt(self.wrapping, nonce, key)
        return key, base64.b64encode(wrapped).decode()

    def unwrap(self, wrapped: str) -> bytes:
        """Return the data key in what `new_key` wrapped.

        Raises:
            AwsError: AccessDenied: the customer's key is another one.
        """
        raw = base64.b64decode(wrapped)
        try:
            return aes.decrypt(self.wrapping, raw[:_NONCE_BYTES], raw[_NONCE_BYTES:])
        except aes.Altered:
            raise errors.access_denied() from None

    def stored(self, wrapped: str | None = None) -> dict[str, str]:
        """Return it as an object's extra; `wrapped` is the data key of bytes that lie in a row."""
        seal = {"kind": self.kind, "name": self.name}
        return seal if wrapped is None else seal | {"key": wrapped}

    def headers(self) -> dict[str, str]:
        """Return what responses say of it."""
        if self.kind == CUSTOMER:
            return {"SSECustomerAlgorithm": AES256, "SSECustomerKeyMD5": self.name}
        named = {"SSEKMSKeyId": self.name} if self.kind in _KMS else {}
        return {"ServerSideEncryption": self.kind, **named}


@dataclass(frozen=True, slots=True)
class Keyring:
    """Finds the encryption of requests and objects; `server_key` wraps where the customer does not."""

    server_key: bytes

    def wanted(self, ctx: Context, req: Mapping[str, Any], bucket: Bucket) -> Encryption | None:
        """Return how a new object is to be encrypted: as the request asks, else as the bucket does by default.

        Raises:
            AwsError: InvalidArgument, InvalidEncryptionAlgorithmError, InvalidRequest.
        """
        customer = _customer_key(req, "")
        kind, name = req.get("ServerSideEncryption"), req.get("SSEKMSKeyId")
        if name is not None and kind not in _KMS:
            message = (
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms"
            )
            raise errors.argument(message, "x-amz-server-side-encryption", kind or "null")
        if customer is not None:
            if kind is not None:
                message = (
                    "Server Side Encryption with Customer provided key is incompatible with the encryption method "
                    "specified"
                )
                raise errors.argument(message, "x-amz-server-side-encryption", kind)
            return customer
        if kind is None and bucket.defaults is not None:
            default = orjson.loads(bucket.defaults).get("encryption", {})
            kind, name = default.get("SSEAlgorithm"), default.get("KMSMasterKeyID")
        if kind is None:
            return None
        if kind == AES256:
            return Encryption(AES256, "", self.server_key)
        if kind not in _KMS:
            message = "The encryption method specified is not supported"
            raise errors.argument(message, "x-amz-server-side-encryption", kind)
        return Encryption(kind, name or ctx.arn("kms", "alias/aws/s3"), self.server_key)

    def of(self, seal: Mapping[str, str] | None, req: Mapping[str, Any], prefix: str = "") -> Encryption | None:
        """Return how something stored is encrypted, None for not at all; `prefix` is that of its request's members.

        Raises:
            AwsError: InvalidRequest, InvalidArgument, AccessDenied: the customer's key is missing, misplaced or wrong.
        """
        customer = _customer_key(req, prefix)
        if seal is None or seal["kind"] != CUSTOMER:
            if customer is not None:
                raise errors.invalid_request("The encryption parameters are not applicable to this object.")
            return None if seal is None else Encryption(seal["kind"], seal["name"], self.server_key)
        if customer is None:
            message = (
                "The object was stored using a form of Server Side Encryption. "
                "The correct parameters must be provided to retrieve the object."
            )
            raise errors.invalid_request(message)
        if customer.name != seal["name"]:
            raise errors.access_denied()
        return customer


def _customer_key(req: Mapping[str, Any], prefix: str) -> Encryption | None:
    """Return the SSE-C encryption that a request brings.

    Raises:
        AwsError: InvalidArgument, InvalidEncryptionAlgorithmError.
    """
    algorithm, encoded, md5 = (req.get(f"{prefix}SSECustomer{name}") for name in ("Algorithm", "Key", "KeyMD5"))
    if algorithm is None and encoded is None and md5 is None:
        return None
    header = "x-amz-server-side-encryption"
    if algorithm is None or encoded is None or md5 is None:
        message = (
            "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption "
            "algorithm, an appropriate secret key, and the client calculated MD5 hash of the secret key."
        )
        raise errors.argument(message, header, "null")
    if algorithm != AES256:
        message = "The Encryption request you specified is not valid. Supported value: AES256."
        raise AwsError("InvalidEncryptionAlgorithmError", message)
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise errors.argument("The secret key was invalid for the specified algorithm.", header, "null")
    if base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode() != md5:
        message = "The calculated MD5 hash of the key did not match the hash that was provided."
        raise errors.argument(message, header, "null")
    return Encryption(CUSTOMER, md5, key)
