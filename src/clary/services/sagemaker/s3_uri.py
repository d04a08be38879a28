"""Where things are in S3."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from clary.services.sagemaker.errors import validation


@dataclass(frozen=True, slots=True)
class S3Uri:
    """A bucket and a key or key prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "S3Uri":
        """Read `s3://bucket/key`, or the `https://` forms with the bucket in the path or in the host name.

        Raises:
            AwsError: it is none of these.
        """
        scheme, _, rest = uri.partition("://")
        if scheme == "https":
            return _parse_https(uri)
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise validation(f"The S3 URI {uri!r} is not valid: it must be of the form s3://bucket/key.")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def child(self, path: str) -> "S3Uri":
        """Return the place `path` below this one, which need not end with a slash."""
        folder = self.key.rstrip("/")
        return S3Uri(self.bucket, f"{folder}/{path}" if folder else path)

    def local_path(self, key: str) -> str:
        """Return the path, relative to the channel's folder, at which an object of this prefix is found there.

        The prefix is a folder (`data/train` holds `data/train/a.csv`, found as `a.csv`), an object's own name, or the
        beginning of names (`data/tr` matches `data/train.csv`, found as `train.csv`).
        """
        if key.startswith(self.key.rstrip("/") + "/") and self.key:
            return key[len(self.key) :].lstrip("/")
        return key[self.key.rfind("/") + 1 :]


def _parse_https(uri: str) -> S3Uri:
    url = urlsplit(uri)
    host, path = url.netloc.partition(":")[0], unquote(url.path).lstrip("/")
    bucket, dot, region = host.partition(".s3")
    if dot and region[:1] in {".", "-"}:
        return S3Uri(bucket, path)
    bucket, _, key = path.partition("/")
    if not host or not bucket:
        raise validation(f"The S3 URI {uri!r} is not valid: it must be of the form s3://bucket/key.")
    return S3Uri(bucket, key)
