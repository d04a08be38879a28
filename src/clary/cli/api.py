"""A small client of the public API, for the command line: botocore takes half a second to load."""

import hashlib
import hmac
import http.client
import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from clary.cli.failure import Failure
from clary.config import Settings
from clary.wire.body import WholeBody
from clary.wire.canonical import canonical_request
from clary.wire.types import HttpRequest

#: What an error says, in JSON or XML.
MESSAGE = re.compile(r'"[mM]essage": ?"([^"]+)"|<Message>([^<]+)<')
#: Seconds to wait for an answer.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose requests these are; `token` is empty for permanent keys."""

    access_key_id: str
    secret_access_key: str
    token: str = ""


class Api:
    """Sends signed requests to the server at `url`, as `credentials`."""

    def __init__(self, url: str, region: str, credentials: Credentials) -> None:
        self._authority = urlsplit(url).netloc
        self._region = region
        self._credentials = credentials

    def json(self, service: str, target: str, **members: Any) -> dict[str, Any]:
        """Call an operation of a JSON service (`SageMaker.ListEndpoints`)."""
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        answer: dict[str, Any] = json.loads(self._post(service, headers, json.dumps(members).encode()))
        return answer

    def assume_role(self, role: str, session: str, duration: int) -> Credentials:
        """Return credentials of a role (its ARN) for `duration` seconds."""
        form = {
            "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": session,
            "DurationSeconds": duration,
        }  # fmt: skip
        headers = {"content-type": "application/x-www-form-urlencoded"}
        text = self._post("sts", headers, urlencode(form).encode()).decode()
        found = dict(re.findall(r"<(AccessKeyId|SecretAccessKey|SessionToken)>([^<]+)<", text))
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def _post(self, service: str, headers: dict[str, str], body: bytes) -> bytes:
        signed = self._sign(service, {**headers, "host": self._authority}, body)
        connection = http.client.HTTPConnection(self._authority, timeout=PATIENCE)
        try:
            connection.request("POST", "/", body, signed)
            response = connection.getresponse()
            answer = response.read()
        except OSError as error:
            raise Failure(f"no answer from http://{self._authority}: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            text = answer.decode(errors="replace").strip()
            said = MESSAGE.search(text)
            raise Failure(
                f"{service} answered {response.status}: {next(filter(None, said.groups())) if said else text}"
            )
        return answer

    def _sign(self, service: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
        """Return the headers with those of SigV4 added."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers["x-amz-date"] = stamp
        if self._credentials.token:
            headers["x-amz-security-token"] = self._credentials.token
        names = ";".join(sorted(headers))
        request = HttpRequest("POST", "/", "", headers, WholeBody(body))
        canonical = canonical_request(request, names, hashlib.sha256(body).hexdigest(), s3=False)
        scope = (stamp[:8], self._region, service, "aws4_request")
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{'/'.join(scope)}\n{digest}"
        key = f"AWS4{self._credentials.secret_access_key}".encode()
        for part in (*scope, text):
            key = hmac.digest(key, part.encode(), "sha256")
        credential = "/".join((self._credentials.access_key_id, *scope))
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
        )
        return headers


def root(url: str, settings: Settings) -> Api:
    """Return the API as the root user sees it."""
    return Api(url, settings.region, Credentials(settings.access_key_id, settings.secret_access_key))
