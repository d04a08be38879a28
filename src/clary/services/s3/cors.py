"""Cross-origin resource sharing: which pages of other origins may use a bucket (User guide, "CORS configuration")."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

import orjson

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.group import Group
from clary.services.s3.settings import CORS
from clary.wire.errors import AwsError
from clary.wire.types import HttpRequest, HttpResponse

_METHODS = frozenset({"GET", "PUT", "HEAD", "POST", "DELETE"})
_MOST_RULES = 100
_FIND_RULES = """
    SELECT s.body FROM s3_buckets b JOIN s3_settings s ON s.bucket = b.id AND s.kind = 'cors' WHERE b.name = ?
"""

Rules = Sequence[Mapping[str, Any]]
Headers = list[tuple[str, str]]


class Cors(Group):
    """The operations on CORS configurations, and what browsers ask and are told by them."""

    async def put_bucket_cors(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace a bucket's CORS configuration."""
        rules = req["CORSConfiguration"]["CORSRules"]
        _check(rules)
        await CORS.put(self.database, ctx, req, rules)
        return {}

    async def get_bucket_cors(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return a bucket's CORS configuration."""
        return {"CORSRules": await CORS.get(self.database, ctx, req)}

    async def delete_bucket_cors(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete a bucket's CORS configuration."""
        await CORS.delete(self.database, ctx, req)
        return {}

    async def preflight(self, request: HttpRequest, path: str) -> HttpResponse:
        """Answer a browser that asks what a page may do.

        Raises:
            AwsError: AccessForbidden, BadRequest.
        """
        origin = request.headers.get("origin")
        method = request.headers.get("access-control-request-method", "")
        if origin is None:
            raise AwsError("BadRequest", "Insufficient information. Origin request header needed.")
        if method not in _METHODS:
            raise AwsError("BadRequest", f"Invalid Access-Control-Request-Method: {method or 'null'}")
        rules = await self._rules(path)
        if rules is None:
            raise _forbidden("CORSResponse: CORS is not enabled for this bucket.", request.method)
        asked = [name.strip().lower() for name in request.headers.get("access-control-request-headers", "").split(",")]
        headers = sharing(rules, origin, method, [name for name in asked if name])
        if not headers:
            message = (
                "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
                "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted "
                "by the resource's CORS spec."
            )
            raise _forbidden(message, request.method)
        return HttpResponse(200, headers)

    async def share(self, request: HttpRequest, path: str, response: HttpResponse) -> None:
        """Add to a response the headers by which a page of another origin may read it."""
        rules = await self._rules(path)
        if rules is not None:
            response.headers += sharing(rules, request.headers["origin"], request.method, None)

    async def _rules(self, path: str) -> Rules | None:
        """Return the rules of the bucket that a path names."""
        name = unquote(path.removeprefix("/").partition("/")[0])
        row = await self.database.fetch_one(_FIND_RULES, name)
        rules: Rules | None = None if row is None else orjson.loads(row[0])
        return rules


def sharing(rules: Rules, origin: str, method: str, asked: Sequence[str] | None) -> Headers:
    """Return the headers that the first rule which speaks of the request gives, none where no rule does.

    `asked` are the headers (in lower case) that a preflight asks for, None for a request that is no preflight.
    """
    for rule in rules:
        allowed = next((each for each in rule["AllowedOrigins"] if fnmatchcase(origin, _literal(each))), None)
        patterns = [_literal(each.lower()) for each in rule.get("AllowedHeaders", [])]
        if allowed is None or method not in rule["AllowedMethods"]:
            continue
        if any(not any(fnmatchcase(name, each) for each in patterns) for name in asked or ()):
            continue
        headers = [("Access-Control-Allow-Origin", "*" if allowed == "*" else origin)]
        headers.append(("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])))
        if asked:
            headers.append(("Access-Control-Allow-Headers", ", ".join(asked)))
        if exposed := rule.get("ExposeHeaders"):
            headers.append(("Access-Control-Expose-Headers", ", ".join(exposed)))
        if asked is not None and "MaxAgeSeconds" in rule:
            headers.append(("Access-Control-Max-Age", str(rule["MaxAgeSeconds"])))
        if allowed != "*":
            headers.append(("Access-Control-Allow-Credentials", "true"))
        headers.append(("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"))
        return headers
    return []


def _literal(pattern: str) -> str:
    """Return a pattern in which only `*` is special, as `fnmatch` writes it."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _check(rules: Rules) -> None:
    """Refuse rules that S3 does not take.

    Raises:
        AwsError: MalformedXML, InvalidRequest.
    """
    if not 1 <= len(rules) <= _MOST_RULES:
        raise errors.malformed_xml()
    for rule in rules:
        for method in rule["AllowedMethods"]:
            if method not in _METHODS:
                message = f"Found unsupported HTTP method in CORS config. Unsupported method is {method}"
                raise errors.invalid_request(message)
        for name, patterns in (
            ("AllowedOrigin", rule["AllowedOrigins"]),
            ("AllowedHeader", rule.get("AllowedHeaders")),
        ):
            for pattern in patterns or ():
                if pattern.count("*") > 1:
                    raise errors.invalid_request(f'{name} "{pattern}" can not have more than one wildcard.')


def _forbidden(message: str, method: str) -> AwsError:
    return AwsError("AccessForbidden", message, 403, Method=method, ResourceType="OBJECT")
