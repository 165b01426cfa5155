"""`lutdla serve`: a virtual board for programs that use PYNQ.remote."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from lutdla.cli._figures import HELP, console_beside, write_figures


def command(
    emulated: Annotated[bool, typer.Option("--emulated", help="Serve an emulated board; there is no other.")] = False,
    board: Annotated[str, typer.Option(help="Board file; Zynq UltraScale+, for the client of pynq 4.")] = "kv260",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on, 0: any free one. pynq's own client "
                                                             "knows 7967 only.")] = 7967,
    insecure_expose: Annotated[bool, typer.Option(help="Listen where other computers can reach it: everybody can then "
                                                       "use the board, pynq's client cannot send a password.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so long.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Serve a virtual board that speaks PYNQ's gRPC protocol, until Ctrl-C."""
    from lutdla.errors import InputError, ToolError

    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its log says the same as our errors, in ten lines
    if not emulated:
        raise InputError("on a board, PYNQ's own server does this; say --emulated for a virtual one")
    try:
        from lutdla.remote.server import BoardServer, is_own
    except ModuleNotFoundError as error:
        raise ToolError(f"lutdla serve needs the Python package {error.name!r}: pip install 'lutdla[board]'") from error

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    console = console_beside(json_file, highlight=False)
    if insecure_expose and not is_own(host):
        sys.stderr.write(f"warning: everybody who reaches {host} can use this board, read what others send to it and "
                         "fill this computer's memory: there are neither passwords nor encryption\n")
    with BoardServer(board, host, port, exposed=insecure_expose) as server:
        before = signal.signal(signal.SIGTERM, stop)
        place = f"[{host}]" if ":" in host else host
        console.print(f"virtual {server.session.board.name} on {place}:{server.port}; Ctrl-C ends it", markup=False)
        console.print(f'  lutdla.open("pynq://{place}:{server.port}")', markup=False)
        if server.port == 7967:
            console.print(f"  PYNQ_REMOTE_DEVICES={host} python ...   for programs that use pynq alone", markup=False)
        try:
            write_figures(json_file, {"board": server.session.board.name, "host": host, "port": server.port})
            server.wait(seconds)
        except KeyboardInterrupt:
            console.print("stopped")
        finally:
            signal.signal(signal.SIGTERM, before)
