"""Write an answer of AWS in the protocol of its service, from the same dictionary that boto3 would return."""

import base64
import json
import struct
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel

REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def encode(operation: OperationModel, answer: Mapping[str, Any]) -> tuple[str, bytes]:
    """Answer the content type and the body."""
    protocol = operation.service_model.resolved_protocol
    match protocol:
        case "json" | "rest-json":
            return "application/x-amz-json-1.1", json.dumps(answer, default=_json).encode()
        case "smithy-rpc-v2-cbor":
            return "application/cbor", b"".join(_cbor(answer))
        case "query" | "ec2":
            return "text/xml", _xml(operation, answer, ec2=protocol == "ec2").encode()
        case _:
            raise NotImplementedError(protocol)


def _json(value: object) -> object:
    match value:
        case datetime():
            return value.timestamp()
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case _:
            raise TypeError(value)


def _xml(operation: OperationModel, answer: Mapping[str, Any], *, ec2: bool) -> str:
    shape: Any = operation.output_shape
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    body = "".join(_elements(shape, answer)) if shape is not None else ""
    if ec2:
        inner = f"<requestId>{REQUEST_ID}</requestId>{body}"
    else:
        wrapper = (shape.serialization.get("resultWrapper") if shape is not None else None) or f"{operation.name}Result"
        inner = f"<{wrapper}>{body}</{wrapper}><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
    return f'<{operation.name}Response xmlns="{namespace}">{inner}</{operation.name}Response>'


def _elements(shape: Any, value: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - Shape's subclasses are untyped
    for name, member in shape.members.items():
        if name in value:
            yield from _element(member, member.serialization.get("name", name), value[name])


def _element(shape: Any, tag: str, value: Any) -> Iterator[str]:  # noqa: ANN401
    match shape.type_name:
        case "structure":
            yield f"<{tag}>{''.join(_elements(shape, value))}</{tag}>"
        case "list":
            flat = shape.serialization.get("flattened")
            item = tag if flat else shape.member.serialization.get("name", "member")
            items = "".join("".join(_element(shape.member, item, one)) for one in value)
            yield items if flat else f"<{tag}>{items}</{tag}>"
        case "timestamp":
            yield f"<{tag}>{value.isoformat()}</{tag}>"
        case "boolean":
            yield f"<{tag}>{str(value).lower()}</{tag}>"
        case _:
            yield f"<{tag}>{escape(str(value))}</{tag}>"


def _cbor(value: Any) -> Iterator[bytes]:  # noqa: ANN401
    """Encode the part of RFC 8949 that answers need."""
    match value:
        case None:
            yield b"\xf6"
        case bool():
            yield b"\xf5" if value else b"\xf4"
        case int():
            yield _cbor_head(0, value) if value >= 0 else _cbor_head(1, -1 - value)
        case float():
            yield b"\xfb" + struct.pack(">d", value)
        case datetime():
            yield b"\xc1\xfb" + struct.pack(">d", value.timestamp())
        case str():
            yield _cbor_head(3, len(value.encode())) + value.encode()
        case Mapping():
            yield _cbor_head(5, len(value))
            for key, member in value.items():
                yield from _cbor(key)
                yield from _cbor(member)
        case _:
            yield _cbor_head(4, len(value))
            for member in value:
                yield from _cbor(member)


def _cbor_head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes([major << 5 | count])
    for info, size in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if count < 1 << (8 * struct.calcsize(size)):
            return bytes([major << 5 | info]) + struct.pack(size, count)
    raise OverflowError(count)
