"""PYNQ's gRPC services over a `Session`: files, registers and buffers of a virtual board."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
from pynq.remote import buffer_pb2, buffer_pb2_grpc, mmio_pb2, mmio_pb2_grpc, remote_device_pb2, remote_device_pb2_grpc

from lutdla.errors import LutdlaError
from lutdla.remote import VIRTUAL
from lutdla.remote.session import MOST_BUFFER_BYTES, MOST_FIRMWARE_BYTES, Refused, Session

CHUNK_BYTES = 2 << 20
"""Of a stream's messages, as the stock client sends them."""
STREAM_S = 60.0
"""Longest time for one stream; a client that sends nothing would keep a thread of the server."""

_DATA = mmio_pb2.ReadResponse.DESCRIPTOR.fields_by_name["data"]
_SIGNED = _DATA.cpp_type == _DATA.CPPTYPE_INT32
"""Whether registers are signed numbers on the wire, as in pynq 3.1."""

FIRMWARE = "/lib/firmware/"
_MANAGER = "/sys/class/fpga_manager/fpga0/"
_PROGRAM, _FLAGS, _STATE = f"{_MANAGER}firmware", f"{_MANAGER}flags", f"{_MANAGER}state"


@contextmanager
def _limited(context: grpc.ServicerContext) -> Iterator[None]:
    """End a stream that takes too long."""
    timer = threading.Timer(STREAM_S, context.cancel)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _joined(requests: Any, most: int, context: grpc.ServicerContext, key: str) -> tuple[str, bytes]:
    """What a stream brings: its name (the field `key`, the same in all messages), and its data.

    Raises:
        Refused: too much, or several names.
    """
    name, data = "", bytearray()
    with _limited(context):
        for request in requests:
            found = getattr(request, key)
            if name and found != name:
                raise Refused(f"one stream is for {name[:80]!r} and {found[:80]!r}")
            name = found
            data += request.data
            if len(data) > most:
                raise Refused(f"more than {most} bytes for {name[:80]!r}")
    return name, bytes(data)


class BoardFiles(remote_device_pb2_grpc.RemoteDeviceServicer):  # type: ignore[misc]  # pynq has no types
    """The few files of a board that the client reads and writes: which board it is, and the FPGA manager."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _files(self) -> dict[str, bytes]:
        device = self._session.device
        state = b"operating" if device.model is not None else b"unknown"
        return {"/proc/version": f"Linux version 6.12 ({VIRTUAL}) {device.arch}".encode(),
                "/proc/device-tree/chosen/pynq_board": f"{device.name}\0".encode(), _STATE: state, _FLAGS: b"0"}

    def existsfile(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Whether a file is there; firmware never is, so that it is sent each time."""
        return remote_device_pb2.ExistsFileResponse(exists=request.file_path in self._files())

    def readfile(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """The content of a file."""
        files = self._files()
        if request.file_path not in files:
            context.abort(grpc.StatusCode.NOT_FOUND, f"a virtual board has no file {request.file_path[:200]!r}")
        yield remote_device_pb2.ReadFileResponse(data=files[request.file_path])

    def writefile(self, requests: Any, context: grpc.ServicerContext) -> Any:
        """Keep firmware, or let the FPGA manager do something."""
        try:
            self._session.admit(context.peer())
            path, data = _joined(requests, MOST_FIRMWARE_BYTES, context, "file_path")
            with self._session.used_by(context.peer()):
                self._write(path, data)
        except LutdlaError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return remote_device_pb2.WriteFileResponse()

    def _write(self, path: str, data: bytes) -> None:
        name = path.removeprefix(FIRMWARE)
        if path.startswith(FIRMWARE) and name and "/" not in name:
            self._session.keep_firmware(name, data)
        elif path == _FLAGS:
            if data.strip() not in (b"", b"0"):
                raise Refused("a virtual board has no partial reconfiguration")
        elif path == _PROGRAM:
            self._session.program(data.decode(errors="replace").strip())
        else:
            raise Refused(f"a virtual board has no file {path[:200]!r} that can be written")

    def set_bitstream_attrs(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to do before a whole bitstream."""
        if request.partial:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "a virtual board has no partial reconfiguration")
        return remote_device_pb2.SetBitstreamAttrsResponse(status=True)

    def shutdown(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The client does not need the board any more."""
        try:
            with self._session.used_by(context.peer()):
                self._session.leave()
        except LutdlaError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return remote_device_pb2.ShutdownResponse(status=True)


class BoardRegisters(mmio_pb2_grpc.MmioServicer):  # type: ignore[misc]
    """Registers by windows."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_mmio(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A window."""
        try:
            with self._session.used_by(context.peer()):
                name = self._session.window(request.base_addr, request.length)
        except LutdlaError as error:
            return mmio_pb2.GetMmioResponse(msg=str(error))
        return mmio_pb2.GetMmioResponse(status=True, mmio_id=name)

    def read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One register, or a part of it."""
        try:
            with self._session.used_by(context.peer()):
                if request.length not in (1, 2, 4):
                    raise Refused(f"{request.length} bytes: registers are read as words of 32 bits")
                address = self._session.address(request.mmio_id, request.offset, request.length)
                word = self._session.device.bus.read(address)
        except LutdlaError as error:
            return mmio_pb2.ReadResponse(msg=str(error))
        word &= (1 << 8 * request.length) - 1
        return mmio_pb2.ReadResponse(status=True, data=word - (1 << 32) if _SIGNED and word >> 31 else word)

    def write(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One or more registers, one after the other."""
        try:
            with self._session.used_by(context.peer()):
                if not request.data or len(request.data) % 4:
                    raise Refused(f"{len(request.data)} bytes: registers are written as words of 32 bits")
                address = self._session.address(request.mmio_id, request.offset, len(request.data))
                for i, word in enumerate(np.frombuffer(request.data, "<u4")):
                    self._session.device.bus.write(address + 4 * i, int(word))
        except LutdlaError as error:
            return mmio_pb2.WriteResponse(msg=str(error))
        return mmio_pb2.WriteResponse(status=True)


class BoardBuffers(buffer_pb2_grpc.RemoteBufferServicer):  # type: ignore[misc]
    """Buffers: a copy that the client reads and writes, and DDR behind `flush` and `invalidate`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def allocate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A new buffer."""
        try:
            with self._session.used_by(context.peer()):
                name = self._session.allocate(request.size)
        except LutdlaError as error:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))  # the stock client does not look at msg
        return buffer_pb2.AllocateResponse(buffer_id=name)

    def write(self, requests: Any, context: grpc.ServicerContext) -> Any:
        """Bytes from the buffer's beginning."""
        try:
            self._session.admit(context.peer())
            name, data = _joined(requests, MOST_BUFFER_BYTES, context, "buffer_id")
            with self._session.used_by(context.peer()):
                buffer = self._session.buffer(name)
                if len(data) > buffer.nbytes:
                    raise Refused(f"{len(data)} bytes for a buffer of {buffer.nbytes}")
                buffer[: len(data)] = np.frombuffer(data, np.uint8)
        except LutdlaError as error:
            return buffer_pb2.BufferWriteResponse(msg=str(error))
        return buffer_pb2.BufferWriteResponse()

    def read(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """The whole buffer."""
        data = b""
        try:
            with self._session.used_by(context.peer()):
                data = self._session.buffer(request.buffer_id).tobytes()
        except LutdlaError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        with _limited(context):
            for at in range(0, len(data), CHUNK_BYTES):
                yield buffer_pb2.BufferReadResponse(data=data[at : at + CHUNK_BYTES])

    def _of(self, request: Any, context: grpc.ServicerContext, method: str) -> str:
        """Call a method of a buffer; returns the message for the client, empty when all went well."""
        try:
            with self._session.used_by(context.peer()):
                getattr(self._session.buffer(request.buffer_id), method)()
        except LutdlaError as error:
            return str(error)
        return ""

    def flush(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What the client wrote goes to DDR."""
        return buffer_pb2.FlushResponse(msg=self._of(request, context, "flush"))

    def invalidate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What is in DDR becomes visible."""
        return buffer_pb2.InvalidateResponse(msg=self._of(request, context, "invalidate"))

    def freebuffer(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The end of a buffer."""
        try:
            with self._session.used_by(context.peer()):
                self._session.free(request.buffer_id)
        except LutdlaError as error:
            return buffer_pb2.FreeBufferResponse(msg=str(error))
        return buffer_pb2.FreeBufferResponse()

    def physical_address(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Where the DMA finds it."""
        try:
            with self._session.used_by(context.peer()):
                address = int(self._session.buffer(request.buffer_id).physical_address)  # type: ignore[attr-defined]
        except LutdlaError as error:
            return buffer_pb2.AddressResponse(msg=str(error))
        return buffer_pb2.AddressResponse(address=address)

    def virtual_address(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Not told: an address in the server's memory is nobody's business."""
        return buffer_pb2.AddressResponse(msg="a virtual board does not tell virtual addresses")

    def cacheable(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Every buffer is."""
        return buffer_pb2.CacheableResponse(cacheable=True)
