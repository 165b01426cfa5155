"""`RemoteBoard`: a board over the network as a pynq device, every request with a deadline.

The stock client of pynq waits for ever when the board does not answer, and sends a bitstream only if the board has no
file of its name yet. This one uses its messages, and neither waits nor trusts a name.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from pynq.pl_server.device import Device
from pynq.pl_server.embedded_device import ZU_AXIFM_REG, ZU_AXIFM_VALUE, ZU_FPD_SLCR_REG, ZU_FPD_SLCR_VALUE, bit2bin
from pynq.pl_server.remote_device import BS_FPGA_MAN, BS_FPGA_MAN_FLAGS, FIRMWARE, RemoteMMIO
from pynq.remote import buffer_pb2_grpc, mmio_pb2_grpc, remote_device_pb2, remote_device_pb2_grpc

from lutdla.emulation.metadata import forget_clocks, read_metadata
from lutdla.errors import DeadlineError, DeviceError, InputError, LutdlaError
from lutdla.remote import PORT, VIRTUAL
from lutdla.remote.buffer import BoardBuffer
from lutdla.remote.services import CHUNK_BYTES

CONNECT_S, CALL_S, STREAM_S, LATE_S = 5.0, 10.0, 60.0, 2.0
"""Longest waits: for a connection, for one request, for a stream of them, and for a board that was too late before."""
DDR_BYTES = 2 << 30
"""Of a Zynq UltraScale+ board, where buffers come from."""
LARGEST_TEXT = 1 << 16
"""Of a file that is read from the board."""


def parse_address(target: str) -> tuple[str, int, str | None]:
    """Host, port and path of an overlay, of pynq://HOST[:PORT][/OVERLAY.bit].

    Raises:
        InputError: it is none.
    """
    parts = urlsplit(target)
    try:
        port = parts.port
    except ValueError as error:
        raise InputError(f"{target}: {error}: use pynq://HOST[:PORT][/OVERLAY.bit]") from error
    if parts.scheme != "pynq" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InputError(f"{target}: no address of a board: use pynq://HOST[:PORT][/OVERLAY.bit]")
    if parts.path not in ("", "/") and not parts.path.endswith(".bit"):
        raise InputError(f"{target}: {parts.path[1:]} is no .bit file")
    return parts.hostname, port or PORT, None if parts.path in ("", "/") else parts.path[1:]


class _Deadlines(grpc.UnaryUnaryClientInterceptor, grpc.StreamUnaryClientInterceptor,  # type: ignore[misc]
                 grpc.UnaryStreamClientInterceptor):  # fmt: skip
    """Gives every request a deadline, and makes errors of ours of what fails.

    Attributes:
        patient: whether reading a register may take as long as a stream: a virtual board computes meanwhile.
        lost: whether the last request was not answered.
    """

    def __init__(self, board: str) -> None:
        self._board, self.patient, self.lost, self._late = board, False, False, False

    def _details(self, details: Any, seconds: float) -> Any:
        if self.patient and details.method == "/mmio.Mmio/read":
            seconds = STREAM_S
        if self._late:  # recovery and close make several requests: they do not wait so long each
            seconds = min(seconds, LATE_S)
        return type(details)(details.method, seconds, details.metadata, details.credentials, False, details.compression)

    def _error(self, error: Any) -> Exception:
        if not isinstance(error, grpc.RpcError):  # the channel is closed
            return DeviceError(f"{self._board} is not connected any more ({error}): open it again")
        code, text = error.code(), error.details()  # type: ignore[attr-defined]  # a call that failed has them
        self._late = self.lost = code == grpc.StatusCode.DEADLINE_EXCEEDED
        if self._late:
            return DeadlineError(f"{self._board} does not answer in time ({text}): is it on, and the network up?")
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            self.lost = True
            return DeviceError(f"{self._board} cannot be reached any more ({text}): is the board on, and does its "
                               "PYNQ.remote server run? Open it again")
        return DeviceError(f"{self._board} refuses: {text}")

    def _whole(self, call: Any) -> Any:
        error = call.exception()
        if error is not None:
            raise self._error(error) from error
        self._late = self.lost = False
        return call

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        """One request, one response."""
        return self._whole(continuation(self._details(details, CALL_S), request))

    def intercept_stream_unary(self, continuation: Callable[..., Any], details: Any, requests: Any) -> Any:
        """Many requests, one response."""
        return self._whole(continuation(self._details(details, STREAM_S), requests))

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Iterator[Any]:
        """One request, many responses."""
        try:
            yield from continuation(self._details(details, STREAM_S), request)
        except (grpc.RpcError, ValueError) as error:
            raise self._error(error) from error


class _Registers(RemoteMMIO):  # type: ignore[misc]  # pynq has no types
    """A window of registers, whose errors are ours; pynq 3.1.2 gives signed numbers."""

    def __init__(self, stub: Any, address: int, length: int) -> None:
        with _named(f"registers at 0x{address:X}"):
            super().__init__(stub, address, length)

    def read(self, offset: int = 0, length: int = 4, word_order: str = "little") -> int:
        """A register."""
        with _named(f"reading register 0x{offset:X}"):
            return int(super().read(offset, length, word_order)) & 0xFFFF_FFFF

    def write(self, offset: int, data: int | bytes) -> None:
        """Write a register, or several."""
        with _named(f"writing register 0x{offset:X}"):
            super().write(offset, data)


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Make an error of ours of what pynq raises for a response with a message."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, LutdlaError):
            raise
        raise DeviceError(f"{what}: the remote board refuses: {error}") from error


class RemoteBoard(Device):  # type: ignore[misc]
    """A pynq device: Overlay, MMIO, DMA and allocate work on it.

    Args:
        host: name or address.
        port: of its server.

    Raises:
        DeviceError: it cannot be reached.
    """

    _probe_priority_ = None  # pynq does not find it by itself

    def __init__(self, host: str, port: int = PORT) -> None:
        super().__init__(f"pynq://{host}:{port}")
        most = CHUNK_BYTES + (1 << 16)
        # a connection of its own: the board knows its clients by them
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", most),
                   ("grpc.max_send_message_length", most)]
        self._channel = grpc.insecure_channel(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", options)
        try:
            grpc.channel_ready_future(self._channel).result(timeout=CONNECT_S)
        except grpc.FutureTimeoutError as error:
            self._channel.close()
            raise DeviceError(f"no board answers at {host}:{port} in {CONNECT_S:g} s: is it on, and does its "
                              "PYNQ.remote server run? `lutdla serve --emulated` starts a virtual one") from error
        self._deadlines = _Deadlines(f"the board at {host}:{port}")
        channel = grpc.intercept_channel(self._channel, self._deadlines)
        self._files = remote_device_pb2_grpc.RemoteDeviceStub(channel)
        self._mmio, self._buffers = mmio_pb2_grpc.MmioStub(channel), buffer_pb2_grpc.RemoteBufferStub(channel)
        version = self._read("/proc/version")
        self.arch = "aarch64" if "aarch64" in version else "armv7l"
        self.virtual = self._deadlines.patient = VIRTUAL in version
        """Whether it is a virtual board, which takes overlays that are described and not built."""
        self.name = self._read("/proc/device-tree/chosen/pynq_board") or "unknown"
        self.capabilities = {"REMOTE": True}
        self.bitfile_name: str | None = None
        self.timestamp = ""

    @property
    def lost(self) -> bool:
        """Whether the board did not answer the last request."""
        return self._deadlines.lost

    # -- files -----------------------------------------------------------------------------------------------------
    def exists_file(self, path: str) -> Any:
        """Whether the board has a file: a message with the field `exists`, as pynq asks for it."""
        return self._files.existsfile(remote_device_pb2.ExistsFileRequest(file_path=path))

    def _read(self, path: str) -> str:
        """A short text file of the board; empty if there is none."""
        if not self.exists_file(path).exists:
            return ""
        data = b""
        for response in self._files.readfile(remote_device_pb2.ReadFileRequest(file_path=path)):
            data += response.data
            if len(data) > LARGEST_TEXT:
                raise DeviceError(f"the board's {path} has more than {LARGEST_TEXT} bytes")
        return data.decode(errors="replace").strip("\0 \n")

    def _write(self, path: str, data: bytes) -> None:
        self._files.writefile(remote_device_pb2.WriteFileRequest(file_path=path, data=data[at : at + CHUNK_BYTES])
                              for at in range(0, len(data), CHUNK_BYTES))  # fmt: skip

    # -- what pynq asks of a device --------------------------------------------------------------------------------
    def get_bitfile_metadata(self, bitfile_name: str, partial: bool = False) -> Any:
        """The metadata in the hwh beside the bit file, both on this computer."""
        return read_metadata(bitfile_name, DDR_BYTES)

    def set_bitfile_name(self, bitfile_name: str) -> None:
        """Read an overlay's metadata; called by Overlay before it downloads or attaches."""
        super().set_bitfile_name(bitfile_name)
        forget_clocks()

    def download(self, bitstream: Any, parser: Any = None) -> None:
        """Send a bitstream and configure the board with it."""
        if bitstream.partial:
            raise DeviceError("partial reconfiguration of remote boards is not supported: load a whole overlay")
        try:
            data = bit2bin(Path(bitstream.bitfile_name).read_bytes())
        except (OSError, ValueError, IndexError, RuntimeError, ArithmeticError) as error:
            raise DeviceError(f"{bitstream.bitfile_name}: no .bit file ({error!r})") from error
        # a name of its own: the board may keep another file of the overlay's name
        name = f"{Path(bitstream.bitfile_name).stem}-{hashlib.sha256(data).hexdigest()[:16]}.bin"
        self._files.set_bitstream_attrs(remote_device_pb2.SetBitstreamAttrsRequest(binfile_name=name, partial=False))
        self._write(FIRMWARE + name, data)
        self._write(BS_FPGA_MAN_FLAGS, b"0")
        self._write(BS_FPGA_MAN, name.encode())
        self._set_port_widths(parser)
        self.post_download(bitstream, parser, self.name)

    def _set_port_widths(self, parser: Any) -> None:
        """Tell the processing system how wide its ports to the logic are, as pynq does on a board."""
        if getattr(parser, "family_ps", "") != "zynq_ultra_ps_e":
            return
        parameters = parser.ip_dict[parser.ps_name]["parameters"]
        for table, values in ((ZU_FPD_SLCR_REG, ZU_FPD_SLCR_VALUE), (ZU_AXIFM_REG, ZU_AXIFM_VALUE)):
            for parameter, registers in table.items():
                for entry in registers.values() if parameter in parameters else ():
                    high, low = entry["field"]
                    window = self.mmap(entry["addr"], 4)
                    mask = ((1 << (high - low + 1)) - 1) << low
                    window.write(0, window.read(0) & ~mask | values[parameters[parameter]] << low)

    def mmap(self, base_addr: int, length: int) -> RemoteMMIO:
        """A window of registers."""
        return _Registers(self._mmio, base_addr, length)

    def allocate(self, shape: Any, dtype: Any = "u4", cacheable: int = 1, **options: Any) -> BoardBuffer:
        """A buffer on the board."""
        return BoardBuffer.make(self._buffers, shape, dtype)

    def get_memory(self, description: dict[str, Any]) -> RemoteBoard:
        """A board has one memory for buffers."""
        return self

    default_memory = property(lambda self: self)

    def shutdown(self) -> None:
        """Nothing to do before a download: our overlays have no shutdown managers."""

    def gen_cache(self, bitstream: Any, parser: Any = None) -> None:
        """No metadata cache: the hwh is read each time."""

    def close(self) -> None:
        """End the connection; may be called twice."""
        if self.virtual:
            with contextlib.suppress(LutdlaError):  # it is gone, or somebody else's
                self._files.shutdown(remote_device_pb2.ShutdownRequest())  # another client may have it at once
        self._channel.close()
