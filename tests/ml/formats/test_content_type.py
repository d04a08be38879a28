import pytest

from clary.ml.formats.content_type import ContentType


@pytest.mark.parametrize(
    ("text", "media", "parameters"),
    [
        ("text/csv", "text/csv", {}),
        ("csv", "text/csv", {}),
        ("Text/CSV; Label_Size=0 ;charset=UTF8", "text/csv", {"label_size": "0", "charset": "utf8"}),
        ("text/x-libsvm", "text/libsvm", {}),
        ("application/x-recordio-protobuf", "application/x-recordio-protobuf", {}),
        ('text/csv; charset="utf-8";', "text/csv", {"charset": "utf-8"}),
        ("", "", {}),
    ],
)
def test_parse(text: str, media: str, parameters: dict[str, str]) -> None:
    assert ContentType.parse(text) == ContentType(media, parameters)
