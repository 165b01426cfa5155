"""Virtual boards in processes of their own."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks" / "lutdla_notebooks"
MODEL = NOTEBOOKS / "models" / "digits.xc7z020.lut"

PROGRAM = """
import sys
from lutdla.remote.server import BoardServer
with BoardServer(sys.argv[1], sys.argv[3], int(sys.argv[4]), idle_s=float(sys.argv[2])) as server:
    print(server.port, flush=True)
    server.wait(300)
"""


@contextmanager
def served(board="kv260", idle_s=20.0, host="127.0.0.1", port=0):
    """A server; yields its process, with its `port`."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, board, str(idle_s), host, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        process.port = int(process.stdout.readline())
        yield process
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()
