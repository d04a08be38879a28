"""What access control lists say: canned ones, those of headers, those of documents."""

from collections.abc import Mapping
from typing import Any

from clary.services.s3.models import owner_of
from clary.wire.errors import AwsError

_GROUPS = "http://acs.amazonaws.com/groups/"
_EVERYBODY = f"{_GROUPS}global/AllUsers"
_AUTHENTICATED = f"{_GROUPS}global/AuthenticatedUsers"
#: Whom a canned ACL lets in besides the owner, and to what.
_CANNED: dict[str, list[tuple[str, str]]] = {
    "private": [],
    "public-read": [(_EVERYBODY, "READ")],
    "public-read-write": [(_EVERYBODY, "READ"), (_EVERYBODY, "WRITE")],
    "authenticated-read": [(_AUTHENTICATED, "READ")],
    "aws-exec-read": [],
    "bucket-owner-read": [],
    "bucket-owner-full-control": [],
}
_HARMLESS = frozenset({"private", "bucket-owner-full-control"})
GRANT_HEADERS = {
    "GrantFullControl": "FULL_CONTROL",
    "GrantRead": "READ",
    "GrantReadACP": "READ_ACP",
    "GrantWrite": "WRITE",
    "GrantWriteACP": "WRITE_ACP",
}

Grants = list[dict[str, Any]]


def is_harmless(req: Mapping[str, Any]) -> bool:
    """Say whether a request brings no ACL, or one that lets in nobody but the owner."""
    if "AccessControlPolicy" in req or not GRANT_HEADERS.keys().isdisjoint(req):
        return False
    return req.get("ACL", "private") in _HARMLESS


def read_grants(req: Mapping[str, Any], account: str) -> Grants:
    """Return the grants of a request: of a canned ACL, of its headers, or of its document.

    Raises:
        AwsError: InvalidArgument, MalformedACLError.
    """
    given = GRANT_HEADERS.keys() & req.keys()
    if document := req.get("AccessControlPolicy"):
        if given or "ACL" in req or "Owner" not in document:
            raise _malformed()
        grants: Grants = document.get("Grants", [])
        if any("Grantee" not in grant or "Permission" not in grant for grant in grants):
            raise _malformed()
        return grants
    if given:
        if "ACL" in req:
            message = "Specifying both Canned ACLs and Header Grants is not allowed"
            raise AwsError("InvalidRequest", message)
        return [grant for name in sorted(given) for grant in _header_grants(req[name], GRANT_HEADERS[name])]
    return canned(req.get("ACL", "private"), account)


def _header_grants(header: str, permission: str) -> Grants:
    grants = []
    for named in header.split(","):
        kind, _, value = named.strip().partition("=")
        value = value.strip('"')
        match kind:
            case "id":
                grantee = {"Type": "CanonicalUser", "ID": value}
            case "uri":
                grantee = {"Type": "Group", "URI": value}
            case "emailAddress":
                grantee = {"Type": "AmazonCustomerByEmail", "EmailAddress": value}
            case _:
                raise AwsError("InvalidArgument", "Argument format not recognized", ArgumentValue=header)
        grants.append({"Grantee": grantee, "Permission": permission})
    return grants


def canned(name: str, account: str) -> Grants:
    """Return the grants of a canned ACL on what `account` owns."""
    owner = {"Grantee": {"Type": "CanonicalUser", **owner_of(account)}, "Permission": "FULL_CONTROL"}
    others = [{"Grantee": {"Type": "Group", "URI": uri}, "Permission": what} for uri, what in _CANNED[name]]
    return [owner, *others]


def _malformed() -> AwsError:
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedACLError", message)
