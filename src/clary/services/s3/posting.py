"""POST uploads: objects that a browser's form puts, allowed by a signed policy."""

from collections.abc import AsyncIterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, unquote

from clary.services._base.service import Identify
from clary.services.s3 import errors
from clary.services.s3.group import Group
from clary.services.s3.post_policy import check_policy
from clary.wire.claim import claim_of_form
from clary.wire.errors import AwsError
from clary.wire.form import Form, read_form
from clary.wire.types import HttpRequest, HttpResponse

#: Fields that become members of PutObject.
_MEMBERS = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-type": "ContentType",
    "tagging": "Tagging",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-storage-class": "StorageClass",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
}
_METADATA = "x-amz-meta-"
_FILE_NAME = "${filename}"


class Posting(Group):
    """Answers forms."""

    async def form(self, request: HttpRequest, path: str, region: str, identify: Identify) -> HttpResponse | None:
        """Store the file of a form posted to a bucket.

        Raises:
            AwsError: InvalidArgument, AccessDenied, InvalidPolicyDocument, and all that PutObject raises.
        """
        bucket = unquote(path.strip("/"))
        if not bucket or "/" in bucket:
            return None
        form = await read_form(request.body, request.headers["content-type"])
        fields = form.fields
        if form.file_name is None:
            raise errors.argument("POST requires exactly one file upload per request.", "file", 0)
        key = _required(fields, "key").replace(_FILE_NAME, form.file_name)
        if "policy" not in fields and "x-amz-signature" not in fields and "signature" not in fields:
            raise errors.access_denied()
        policy = _required(fields, "policy")
        principal = await identify(claim_of_form(fields), policy)
        bounds = check_policy(policy, {**fields, "bucket": bucket}, self.platform.clock.now())
        ctx = self.platform.context("s3", f"{principal.account}/{region}", principal)
        members: dict[str, Any] = {member: fields[name] for name, member in _MEMBERS.items() if name in fields}
        metadata = {name.removeprefix(_METADATA): value for name, value in fields.items() if name.startswith(_METADATA)}
        put = await ctx.client("s3").put_object(
            Bucket=bucket, Key=key, Body=_bounded(form, bounds), Metadata=metadata, **members
        )
        return _answer(f"{self.platform.endpoint_url}/{bucket}/{quote(key)}", bucket, key, put, fields)


async def _bounded(form: Form, bounds: tuple[int, int] | None) -> AsyncIterator[bytes]:
    """Yield the file; raise `AwsError` as soon as it is too long, or at its end when it is too short."""
    size = 0
    async for chunk in form:
        size += len(chunk)
        if bounds is not None and size > bounds[1]:
            raise errors.entity_too_large(size, bounds[1])
        yield chunk
    if bounds is not None and size < bounds[0]:
        message = "Your proposed upload is smaller than the minimum allowed size"
        raise AwsError("EntityTooSmall", message, ProposedSize=size, MinSizeAllowed=bounds[0])


def _required(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        what = f"Bucket POST must contain a field named '{name}'."
        message = f"{what}  If it is specified, please check the order of the fields."
        raise errors.argument(message, name, "")
    return fields[name]


def _answer(location: str, bucket: str, key: str, put: Mapping[str, Any], fields: Mapping[str, str]) -> HttpResponse:
    """Answer as the form asks: by sending the browser on, or with the status that it names, 204 by default."""
    etag = put["ETag"]
    headers = [("ETag", etag), ("Location", location)]
    if version := put.get("VersionId"):
        headers.append(("x-amz-version-id", version))
    if redirect := fields.get("success_action_redirect", fields.get("redirect", "")):
        joint = "&" if "?" in redirect else "?"
        told = f"bucket={quote(bucket)}&key={quote(key, safe='')}&etag={quote(etag, safe='')}"
        return HttpResponse(303, [("ETag", etag), ("Location", f"{redirect}{joint}{told}")])
    match fields.get("success_action_status"):
        case "200":
            return HttpResponse(200, headers)
        case "201":
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>'
                f"<Location>{escape(location)}</Location><Bucket>{escape(bucket)}</Bucket>"
                f"<Key>{escape(key)}</Key><ETag>{escape(etag)}</ETag></PostResponse>"
            )
            return HttpResponse(201, [*headers, ("Content-Type", "application/xml")], body.encode())
    return HttpResponse(204, headers)
