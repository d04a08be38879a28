"""Content types: `text/csv; label_size=0`, and SageMaker's short forms (`csv`, `libsvm`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SHORT = {
    "csv": "text/csv",
    "libsvm": "text/libsvm",
    "text/x-libsvm": "text/libsvm",
    "parquet": "application/x-parquet",
    "recordio-protobuf": "application/x-recordio-protobuf",
    "json": "application/json",
    "jsonlines": "application/jsonlines",
    "application/x-jsonlines": "application/jsonlines",
}


@dataclass(frozen=True, slots=True)
class ContentType:
    """A media type in lower case and its parameters."""

    media: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "ContentType":
        """Read a header's value; short forms become the full ones."""
        media, *rest = text.split(";")
        media = media.strip().lower()
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip().lower(): value.strip(' "').lower() for name, _, value in pairs if name.strip()}
        return cls(SHORT.get(media, media), parameters)
