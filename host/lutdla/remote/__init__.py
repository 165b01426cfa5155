"""Boards over the network, by PYNQ's own gRPC protocol (PYNQ.remote).

    client   RemoteBoard     client.py     a pynq device with deadlines: what `lutdla.open("pynq://HOST")` opens
             RemoteMemory    buffer.py     buffers whose parts can be sent and fetched
    server   serve           server.py     a virtual board: `lutdla serve --emulated`
             Session         session.py    the board and the one client that has it
             BoardFiles, BoardRegisters, BoardBuffers        services.py

Neither side has passwords: the server listens on this computer only, unless it is told otherwise.
"""

PORT = 7967
"""Where PYNQ.remote listens."""

VIRTUAL = "virtual board of lutdla"
"""Stands in the system's version that a virtual board tells."""
