"""botocore's service models, read without botocore's loader: that one imports an HTTP client and a TLS stack.

A model stays in memory as plain dicts without its documentation: SageMaker's takes 15 ms and 5 MB, on first use.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore
import orjson

from clary.wire.sqs_forms import add_forms

DATA = Path(botocore.__file__).parent / "data"
#: zlib's window size for data with a gzip header.
GZIP = 47


class Shape:
    """A type of a model as one place refers to it: the shape's traits, overlaid with those of the reference."""

    __slots__ = ("_shapes", "name", "traits", "type")

    def __init__(self, shapes: Mapping[str, dict[str, Any]], reference: Mapping[str, Any]) -> None:
        self._shapes = shapes
        self.name: str = reference["shape"]
        self.traits: dict[str, Any] = {**shapes[self.name], **reference}
        self.type: str = self.traits["type"]

    @property
    def members(self) -> dict[str, "Shape"]:
        """The members of a structure, by AWS's name."""
        return {name: Shape(self._shapes, ref) for name, ref in self.traits.get("members", {}).items()}

    @property
    def member(self) -> "Shape":
        """The element of a list."""
        return Shape(self._shapes, self.traits["member"])

    @property
    def key(self) -> "Shape":
        """The key of a map."""
        return Shape(self._shapes, self.traits["key"])

    @property
    def value(self) -> "Shape":
        """The value of a map."""
        return Shape(self._shapes, self.traits["value"])

    @property
    def required(self) -> list[str]:
        """The members that a structure must have."""
        return list(self.traits.get("required", ()))

    @property
    def location(self) -> str | None:
        """Where in the HTTP message a member stands (`header`, `uri`, ...), None for the body."""
        location: str | None = self.traits.get("location")
        return location

    @property
    def payload(self) -> str | None:
        """The member that is the whole body, None where the body holds every member without a location."""
        payload: str | None = self.traits.get("payload")
        return payload

    @property
    def flattened(self) -> bool:
        """Whether a list or map stands without an element of its own around its entries."""
        return bool(self.traits.get("flattened"))

    @property
    def document(self) -> bool:
        """Whether it is free-form JSON."""
        return bool(self.traits.get("document"))

    @property
    def event_stream(self) -> str | None:
        """The member that is a stream of events, None where there is none."""
        return next((name for name, member in self.members.items() if member.traits.get("eventstream")), None)

    def wire_name(self, default: str) -> str:
        """Return the name on the wire, which is `default` unless the model says otherwise."""
        name: str = self.traits.get("locationName", default)
        return name

    def form_name(self, default: str) -> str:
        """Return the name in the query protocol, of a flattened list that of its elements."""
        if self.type == "list" and self.flattened:
            return self.member.form_name(self.wire_name(default))
        name: str = self.traits.get("queryName") or self.wire_name(default)
        return name


@dataclass(frozen=True, slots=True)
class OperationModel:
    """One operation as the model has it; `uri` is the template (`/models/{name}?tags`)."""

    name: str
    http_method: str
    uri: str
    status: int
    #: Template that the client puts before the host name (`sync-`, `{RequestRoute}.`).
    host_prefix: str | None
    #: Whether the operation takes requests without a signature.
    unsigned: bool
    #: Whether clients may send the body as gzip.
    is_compressible: bool
    input: Shape | None
    output: Shape | None


class ServiceModel:
    """One service: its metadata at once, its operations on first use."""

    def __init__(self, name: str, document: dict[str, Any]) -> None:
        metadata = document["metadata"]
        self.name = name
        self.protocols: tuple[str, ...] = tuple(metadata.get("protocols") or [metadata["protocol"]])
        self.api_version: str = metadata["apiVersion"]
        self.endpoint_prefix: str = metadata["endpointPrefix"]
        self.signing_name: str = metadata.get("signingName", self.endpoint_prefix)
        self.target_prefix: str | None = metadata.get("targetPrefix")
        self.json_version: str = metadata.get("jsonVersion", "1.1")
        self.xml_namespace: str | None = metadata.get("xmlNamespace")
        self.query_compatible: bool = "awsQueryCompatible" in metadata
        self.shapes: dict[str, dict[str, Any]] = document["shapes"]
        self._operations: dict[str, dict[str, Any]] = document["operations"]

    @cached_property
    def operations(self) -> dict[str, OperationModel]:
        """Every operation, by AWS's name."""
        return {name: self._operation(name, raw) for name, raw in self._operations.items()}

    def shape(self, name: str) -> Shape:
        """Return the shape called `name`; KeyError if there is none."""
        return Shape(self.shapes, {"shape": name})

    @cached_property
    def errors(self) -> dict[str, Shape]:
        """Every error shape, by its name and by the code it has on the wire."""
        found = {name: self.shape(name) for name, raw in self.shapes.items() if raw.get("exception")}
        found.update(
            {shape.traits["error"]["code"]: shape for shape in [*found.values()] if "code" in error_trait(shape)}
        )
        return found

    def _operation(self, name: str, raw: dict[str, Any]) -> OperationModel:
        http = raw["http"]
        return OperationModel(
            name=name,
            http_method=http["method"],
            uri=http["requestUri"],
            status=http.get("responseCode", 200),
            host_prefix=raw.get("endpoint", {}).get("hostPrefix"),
            unsigned=raw.get("authtype") == "none" or "smithy.api#noAuth" in raw.get("auth", ()),
            is_compressible="requestcompression" in raw,
            input=Shape(self.shapes, raw["input"]) if "input" in raw else None,
            output=Shape(self.shapes, raw["output"]) if "output" in raw else None,
        )


def error_trait(shape: Shape) -> dict[str, Any]:
    """Return what the model says of an error's `code` and `httpStatusCode`."""
    trait: dict[str, Any] = shape.traits.get("error", {})
    return trait


def load(name: str) -> ServiceModel:
    """Read the newest model of a service; KeyError if botocore has none."""
    versions = sorted(DATA.glob(f"{name}/*/service-2.json.gz"))
    if not versions:
        raise KeyError(name)
    document = orjson.loads(zlib.decompress(versions[-1].read_bytes(), GZIP))
    extras = versions[-1].with_name("service-2.sdk-extras.json")
    # S3's only makes a time of the Expires header, for old clients' sake: the service keeps any text.
    if extras.exists() and name != "s3":
        merge(document, json.loads(extras.read_text())["merge"])
    strip(document)
    if name == "sqs":
        add_forms(document)
    return ServiceModel(name, document)


def merge(into: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """Overlay nested dicts, as botocore overlays its own corrections to a model."""
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def strip(document: dict[str, Any]) -> None:
    """Drop the documentation, which is two thirds of a model."""
    for shape in document["shapes"].values():
        shape.pop("documentation", None)
        for member in shape.get("members", {}).values():
            member.pop("documentation", None)
    for operation in document["operations"].values():
        operation.pop("documentation", None)
