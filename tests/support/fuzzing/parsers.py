"""Coverage-guided fuzzing of the parsers of the four protocols: only the errors of the protocol may come out of them.

python -m tests.support.fuzzing.parsers PARSER [options of libFuzzer] [CORPUS]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["engine.wire"]):
    from engine.aws_models import service_model
    from engine.errors import ServiceError
    from engine.operations import OPERATIONS
    from engine.wire import cbor, query_protocol
    from engine.wire.json_protocol import read_json
    from engine.wire.parsing import parse
    from engine.wire.validation import validate
    from engine.wire.xml import parse_xml


def shapes_of(*services: str) -> list[object]:
    """The input shapes of all operations that the engine has in these services."""
    models = [
        service_model(service).operation_model(name)
        for service, name in sorted(OPERATIONS)
        if service in services
    ]
    return [model.input_shape for model in models if model.input_shape is not None]


def payloads_of(service: str) -> list[object]:
    """The shapes that requests of a REST-XML service have as their bodies."""
    payloads = [(shape, shape.serialization.get("payload")) for shape in shapes_of(service)]
    members = [shape.members[name] for shape, name in payloads if name]
    return [member for member in members if member.type_name == "structure"]


JSON_SHAPES = shapes_of("sagemaker", "logs", "ssm", "events")
QUERY_SHAPES = shapes_of("sts", "cloudwatch", "cloudformation")
CBOR_SHAPES = shapes_of("cloudwatch")
XML_SHAPES = payloads_of("s3")


def check_json(data: bytes) -> None:
    """A JSON body as each of the operations may get it; the first byte chooses."""
    check_document(JSON_SHAPES[data[0] % len(JSON_SHAPES)], read_json(data[1:]))


def check_query(data: bytes) -> None:
    """A form."""
    shape = QUERY_SHAPES[data[0] % len(QUERY_SHAPES)]
    tree = query_protocol.tree_of(query_protocol.read_form(data[1:]))
    check_document(shape, query_protocol.document(shape, tree))


def check_cbor(data: bytes) -> None:
    """A CBOR item, which is written and read again to the same bytes."""
    document = cbor.loads(data[1:])
    written = cbor.dumps(document)
    assert cbor.dumps(cbor.loads(written)) == written
    check_document(CBOR_SHAPES[data[0] % len(CBOR_SHAPES)], document)


def check_xml(data: bytes) -> None:
    """An XML body."""
    parse_xml(XML_SHAPES[data[0] % len(XML_SHAPES)], data[1:], 1000)


def check_document(shape: object, document: object) -> None:
    """Convert and validate the parameters."""
    validate(shape, parse(shape, document))


PARSERS: dict[str, Callable[[bytes], None]] = {
    "json": check_json,
    "query": check_query,
    "cbor": check_cbor,
    "xml": check_xml,
}
SHAPES = {"json": JSON_SHAPES, "query": QUERY_SHAPES, "cbor": CBOR_SHAPES, "xml": XML_SHAPES}


def write_words(name: str, path: str) -> None:
    """A dictionary of libFuzzer with the names of members, so that bodies have some that are known."""
    words = {word for shape in SHAPES[name] for word in shape.members}
    with open(path, "w") as file:
        file.writelines(f'"{word}"\n' for word in sorted(words))


def run(name: str, options: list[str]) -> None:
    """Fuzz one parser until libFuzzer's options end it; the exit status is 0 if nothing else came out."""

    def check(data: bytes) -> None:
        if not data:
            return
        try:
            PARSERS[name](data)
        except (ServiceError, cbor.BadCbor):
            return

    with tempfile.NamedTemporaryFile() as words:
        write_words(name, words.name)
        atheris.Setup([sys.argv[0], f"-dict={words.name}", *options], check)
        atheris.Fuzz()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
