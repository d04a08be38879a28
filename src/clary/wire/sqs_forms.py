"""SQS's query protocol, which its service still speaks and its model no longer tells: the names of members in forms.

A flattened list goes by the name of its elements there, a map by that of its entries.
Source: the request syntax in the Amazon SQS API Reference (`AttributeName.1`, `MessageAttribute.1.Name`, ...).
"""

from typing import Any

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
#: Lists whose elements are not called as the list is, less its `List`.
ELEMENTS = {
    "BinaryList": "BinaryListValue",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "StringList": "StringListValue",
}
#: The names of a map's entries, of their keys and of their values.
ENTRIES = {
    "MessageBodyAttributeMap": ("MessageAttribute", "Name", "Value"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name", "Value"),
    "MessageSystemAttributeMap": ("Attribute", "Name", "Value"),
    "QueueAttributeMap": ("Attribute", "Name", "Value"),
    "TagMap": ("Tag", "Key", "Value"),
}


def add_forms(document: dict[str, Any]) -> None:
    """Add the query protocol to SQS's model."""
    document["metadata"]["protocols"].append("query")
    document["metadata"]["xmlNamespace"] = NAMESPACE
    for name, shape in document["shapes"].items():
        if shape["type"] == "list":
            shape["member"]["queryName"] = ELEMENTS.get(name, name.removesuffix("List"))
        elif shape["type"] == "map":
            shape["queryName"], shape["key"]["queryName"], shape["value"]["queryName"] = ENTRIES[name]
    for name, operation in document["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
