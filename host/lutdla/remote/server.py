"""`serve`: a virtual board that speaks PYNQ's gRPC protocol."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import grpc
from pynq.remote import buffer_pb2_grpc, mmio_pb2_grpc, remote_device_pb2_grpc

from lutdla.emulation.device import MakeModel
from lutdla.errors import DeviceError, InputError
from lutdla.remote import PORT
from lutdla.remote.services import CHUNK_BYTES, BoardBuffers, BoardFiles, BoardRegisters
from lutdla.remote.session import IDLE_S, Session
from lutdla_overlay.boards import load_board

THREADS, MOST_CALLS = 8, 32
"""Requests that are carried out and that may wait; more are refused."""

STOP_S = 5.0
"""How long requests in progress may take when the server stops."""


class BoardServer:
    """A virtual board on the network, from construction until `close`.

    Args:
        board: key of a board file. Zynq UltraScale+: the client of pynq 4.0 cannot set the clocks of Zynq-7000.
        host: address to listen on; the protocol has no passwords, so it is this computer's own unless `exposed`.
        port: to listen on; 0: any free one.
        exposed: whether an address that others can reach is meant.
        make_model: makes the core; None: the fast emulator.
        idle_s: after which another client may take the board.

    Attributes:
        port: where it listens.

    Raises:
        InputError: a host that others can reach, without `exposed`.
        DeviceError: the port is in use.
        ConfigError: unknown board.
    """

    def __init__(self, board: str = "kv260", host: str = "127.0.0.1", port: int = PORT, *, exposed: bool = False,
                 make_model: MakeModel | None = None, idle_s: float = IDLE_S) -> None:  # fmt: skip
        if not exposed and not is_own(host):
            raise InputError(f"host is {host}: everybody who reaches it could use the board and fill this computer's "
                             "memory, the protocol has no passwords. Use 127.0.0.1 and `ssh -L` from elsewhere, or say "
                             "--insecure-expose")
        self.session = Session(load_board(board), make_model, idle_s)
        most = CHUNK_BYTES + (1 << 16)
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, "lutdla-board"), maximum_concurrent_rpcs=MOST_CALLS,
            options=[("grpc.max_receive_message_length", most), ("grpc.max_send_message_length", most),
                     ("grpc.so_reuseport", 0), ("grpc.max_concurrent_streams", MOST_CALLS),
                     ("grpc.max_metadata_size", 1 << 14)],
        )  # fmt: skip
        remote_device_pb2_grpc.add_RemoteDeviceServicer_to_server(BoardFiles(self.session), self._server)
        mmio_pb2_grpc.add_MmioServicer_to_server(BoardRegisters(self.session), self._server)
        buffer_pb2_grpc.add_RemoteBufferServicer_to_server(BoardBuffers(self.session), self._server)
        try:
            self.port = self._server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        except RuntimeError as error:
            self.session.close()
            raise DeviceError(f"{host}:{port} cannot be listened on ({error}): another server runs there, give --port"
                              ) from error
        self._server.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; returns whether it is still running after so many seconds (None: no limit)."""
        return bool(self._server.wait_for_termination(seconds))

    def close(self) -> None:
        """Stop; may be called twice."""
        self._server.stop(STOP_S).wait(STOP_S + 1)
        self.session.close()

    def __enter__(self) -> BoardServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def is_own(host: str) -> bool:
    """Whether only programs on this computer reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
