"""tf.train.Example messages with one picture, as people who train with TensorFlow keep their pictures."""

from __future__ import annotations


def picture_example(picture: bytes) -> bytes:
    """An Example, serialised, with the picture in its feature `image/encoded`."""
    bytes_list = _field(1, picture)
    feature = _field(1, bytes_list)
    entry = _field(1, b"image/encoded") + _field(2, feature)
    return _field(1, _field(1, entry))


def _field(number: int, body: bytes) -> bytes:
    """A field of protobuf's wire format with bytes, text or a message."""
    length, size = b"", len(body)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + body
