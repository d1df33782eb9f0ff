"""Messages over a Unix socket: a length, then JSON; binary buffers follow."""

import json
import os
import socket
import struct

_HEAD = struct.Struct("!II")  # bytes of JSON, number of buffers
_SIZE = struct.Struct("!Q")
_CREDENTIALS = struct.Struct("3i")  # process, user, group


def encode(message, buffers=()):
    """One frame as bytes; ``message`` is JSON already (bytes) or is made so."""
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    parts = [_HEAD.pack(len(text), len(buffers)), text]
    for buffer in buffers:
        view = memoryview(buffer).cast("B")
        parts += [_SIZE.pack(view.nbytes), view]
    return b"".join(parts)


def send(connection, message):
    connection.sendall(encode(message))


def receive(connection):
    """The next message from a blocking socket; None at the end."""
    head = _exactly(connection, _HEAD.size)
    if head is None:
        return None
    text = _exactly(connection, _HEAD.unpack(head)[0])
    return None if text is None else json.loads(text)


def send_with_descriptors(connection, message, descriptors):
    frame = encode(message)
    sent = socket.send_fds(connection, [frame], list(descriptors))
    connection.sendall(frame[sent:])


def receive_with_descriptors(connection):
    """The next message and the descriptors that came with its first bytes; ``ValueError`` if it is not whole."""
    data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 8)
    try:
        while len(data) < _HEAD.size or len(data) < _HEAD.size + _HEAD.unpack_from(data)[0]:
            more = connection.recv(1 << 16)
            if not more:
                raise ValueError("the request ended early")
            data += more
        return json.loads(data[_HEAD.size :]), descriptors
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise


def peer_user(connection):
    """The user at the other end of a Unix socket, as the kernel knows it (Linux)."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(credentials)[1]


class Frames:
    """Takes bytes as they come and gives whole messages, as (message, buffers)."""

    def __init__(self):
        self._data = bytearray()

    def feed(self, data):
        self._data += data
        while (end := self._end_of_first()) is not None:
            yield self._take(end)

    def _end_of_first(self):
        if len(self._data) < _HEAD.size:
            return None
        length, count = _HEAD.unpack_from(self._data)
        end = _HEAD.size + length
        for _ in range(count):
            if len(self._data) < end + _SIZE.size:
                return None
            end += _SIZE.size + _SIZE.unpack_from(self._data, end)[0]
        return end if len(self._data) >= end else None

    def _take(self, end):
        frame = bytes(self._data[:end])
        del self._data[:end]
        length, count = _HEAD.unpack_from(frame)
        place = _HEAD.size + length
        message = json.loads(frame[_HEAD.size : place])
        buffers = []
        for _ in range(count):
            start = place + _SIZE.size
            place = start + _SIZE.unpack_from(frame, place)[0]
            buffers.append(frame[start:place])
        return message, buffers


def _exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return None
        data += more
    return data
