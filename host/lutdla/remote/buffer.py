"""Buffers on a remote board. pynq's own know their whole only: a part of one cannot be sent or fetched."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from pynq.remote import buffer_pb2

from lutdla.errors import DeviceError, LutdlaError
from lutdla.remote.services import CHUNK_BYTES

_log = logging.getLogger("lutdla")


class BoardMemory:
    """A buffer on the board: its name there, its address, and a copy of its bytes here."""

    def __init__(self, stub: Any, nbytes: int) -> None:
        self.stub, self.freed = stub, False
        self.name = str(stub.allocate(buffer_pb2.AllocateRequest(size=nbytes, dtype="|u1", cacheable=True)).buffer_id)
        request = buffer_pb2.AddressRequest(buffer_id=self.name)
        self.address = int(self.checked(stub.physical_address(request)).address)

    @staticmethod
    def checked(response: Any) -> Any:
        """A response without an error.

        Raises:
            DeviceError: it holds one.
        """
        if response.msg:
            raise DeviceError(f"the remote board refuses: {response.msg}")
        return response

    def send(self, data: bytes) -> None:
        """Bytes from the beginning, into the board's DDR."""
        parts = (buffer_pb2.BufferWriteRequest(buffer_id=self.name, data=data[at : at + CHUNK_BYTES])
                 for at in range(0, len(data), CHUNK_BYTES))  # fmt: skip
        self.checked(self.stub.write(parts))
        self.checked(self.stub.flush(buffer_pb2.FlushRequest(buffer_id=self.name)))

    def fetch(self, nbytes: int) -> bytes:
        """All bytes, from the board's DDR; `nbytes` is their number.

        Raises:
            DeviceError: it sends another number.
        """
        self.checked(self.stub.invalidate(buffer_pb2.InvalidateRequest(buffer_id=self.name)))
        data = bytearray()
        for response in self.stub.read(buffer_pb2.BufferReadRequest(buffer_id=self.name)):
            data += response.data
            if len(data) > nbytes:
                break
        if len(data) != nbytes:
            raise DeviceError(f"the remote board sends {len(data)} bytes or more of a buffer of {nbytes}")
        return bytes(data)

    def free(self) -> None:
        """Give it back; a board that does not answer has lost it anyway."""
        if self.freed:
            return
        self.freed = True
        try:
            self.checked(self.stub.freebuffer(buffer_pb2.FreeBufferRequest(buffer_id=self.name)))
        except LutdlaError as error:
            _log.warning("buffer on the remote board not freed: %s", error)


class BoardBuffer(np.ndarray[Any, np.dtype[np.uint8]]):
    """What pynq.allocate returns here, with the methods of pynq's buffers; parts of it know their place."""

    memory: BoardMemory
    _whole: BoardBuffer

    @classmethod
    def make(cls, stub: Any, shape: Any, dtype: Any) -> BoardBuffer:
        """A buffer of a shape."""
        size = tuple(int(n) for n in np.atleast_1d(shape))
        buffer = np.zeros(size, dtype).view(cls)
        buffer.memory, buffer._whole = BoardMemory(stub, buffer.nbytes), buffer
        return buffer

    def __array_finalize__(self, source: Any) -> None:
        for name in ("memory", "_whole"):
            if isinstance(source, BoardBuffer) and name in source.__dict__:
                self.__dict__[name] = source.__dict__[name]

    def _offset(self) -> int:
        return int(self.__array_interface__["data"][0]) - int(self._whole.__array_interface__["data"][0])

    @property
    def physical_address(self) -> int:
        """Where the DMA finds it."""
        return self.memory.address + self._offset()

    @property
    def device_address(self) -> int:
        """As pynq's buffers call it too."""
        return self.physical_address

    def flush(self) -> None:
        """Send it; everything before it in its buffer too, because the protocol knows beginnings only."""
        whole = self._whole.view(np.ndarray).reshape(-1).view(np.uint8)
        self.memory.send(whole[: self._offset() + self.nbytes].tobytes())

    def invalidate(self) -> None:
        """Fetch it."""
        at = self._offset()
        data = np.frombuffer(self.memory.fetch(self._whole.nbytes), np.uint8)[at : at + self.nbytes]
        self.view(np.ndarray)[...] = data.view(self.dtype).reshape(self.shape)

    sync_to_device, sync_from_device = flush, invalidate

    def freebuffer(self) -> None:
        """Free the buffer on the board."""
        self.memory.free()
