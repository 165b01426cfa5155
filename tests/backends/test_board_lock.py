"""A board belongs to one process, and in it to the newest that opened it."""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from pynq.pl_server.device import Device

from lutdla.backends.board_lock import BoardLock, lock_folder
from lutdla.backends.pynq import PynqBackend
from lutdla.emulation.device import EmulatedDevice
from lutdla.errors import DeviceError
from lutdla.runtime import Accelerator
from lutdla.verify import make_vectors, reference_results
from lutdla_overlay.boards import load_board
from lutdla_overlay.hwh import write_overlay
from tests.networks import two_layers
from tests.strategies import TINY

NETWORK = two_layers()
X = make_vectors(NETWORK, 4)

HOLD = """
import sys
from lutdla.backends.board_lock import BoardLock
lock = BoardLock("Pynq-Z2")
print("held", flush=True)
sys.stdin.read()
"""


class SharedDevice(EmulatedDevice):
    """Emulated, but as a board that other processes see too. The class is not one that pynq finds by itself."""

    shared = True
    _probe_priority_ = None


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    monkeypatch.setenv("LUTDLA_LOCKS", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(locks):
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait(60)
    process.stdin.close()
    process.stdout.close()


@pytest.fixture
def board(tmp_path, monkeypatch):
    """A board that pynq finds as the active device; the path of its overlay."""
    monkeypatch.setattr(Device, "_active_device", SharedDevice(), raising=False)
    return write_overlay(tmp_path, TINY, load_board("pynq-z2"))


def test_another_process_is_named(holder):
    with pytest.raises(DeviceError, match=rf"Pynq-Z2 is in use by process {holder.pid} \(-c\): close the accelerator"):
        BoardLock("Pynq-Z2")
    BoardLock("KV260").release()


def test_a_killed_process_leaves_the_board(holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(60)
    lock = BoardLock("Pynq-Z2")
    lock.release()
    lock.release()
    BoardLock("Pynq-Z2").release()


def test_a_lock_that_cannot_be_made_is_an_error(locks, monkeypatch):
    (locks / "lutdla-Pynq-Z2.lock").symlink_to(locks / "elsewhere")
    with pytest.raises(DeviceError, match=r"the lock file .* cannot be opened .*set LUTDLA_LOCKS to a folder"):
        BoardLock("Pynq-Z2")
    assert not (locks / "elsewhere").exists()


def test_a_board_s_name_names_no_other_folder(locks):
    lock = BoardLock("../../x/y")
    assert lock.path.parent == locks
    lock.release()


def test_locks_lie_where_everybody_looks(monkeypatch):
    monkeypatch.delenv("LUTDLA_LOCKS")
    assert os.access(lock_folder(), os.W_OK)


def test_a_board_in_use_elsewhere_is_refused(board, holder):
    with pytest.raises(DeviceError, match=f"Pynq-Z2 is in use by process {holder.pid}"):
        PynqBackend(board)
    holder.kill()
    holder.wait(60)
    PynqBackend(board).close()


def test_opening_again_ends_the_earlier(board):
    first = Accelerator("pynq", PynqBackend(board))
    net = first.load(NETWORK)
    second = Accelerator("pynq", PynqBackend(board))
    with pytest.raises(DeviceError, match="this board was opened again since: use the newer accelerator"):
        net.raw(X)
    first.close()
    np.testing.assert_array_equal(second.load(NETWORK).raw(X), reference_results(NETWORK, X))
    second.close()


def test_an_overlay_that_is_refused_does_not_keep_the_board(board):
    board.with_suffix(".hwh").write_text("none")
    with pytest.raises(DeviceError, match=r"no hwh|cannot open this overlay"):
        PynqBackend(board)
    BoardLock("Pynq-Z2").release()


def test_closing_gives_the_board_to_others(board):
    backend = PynqBackend(board)
    with pytest.raises(DeviceError, match=re.escape(f"in use by process {os.getpid()}")):
        BoardLock("Pynq-Z2")
    backend.close()
    BoardLock("Pynq-Z2").release()


def test_a_closed_back_end_says_so(board):
    backend = PynqBackend(board)
    backend.close()
    backend.close()
    for use in (lambda: backend.read_register(0), lambda: backend.write_register(0x24, 0), lambda: backend.allocate(8)):
        with pytest.raises(DeviceError, match="this back end is closed"):
            use()


def test_a_forked_process_must_open_the_board_itself(board):
    with Accelerator("pynq", PynqBackend(board)) as accelerator:
        net = accelerator.load(NETWORK)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                net.raw(X)
            except DeviceError as error:
                os.write(writing, str(error).encode())
            finally:
                accelerator.core().backend.close()
                os._exit(0)
        os.waitpid(child, 0)
        os.close(writing)
        message = os.read(reading, 1000).decode()
        os.close(reading)
        assert f"opened by process {os.getpid()} and is used by its child {child}" in message
        np.testing.assert_array_equal(net.raw(X), reference_results(NETWORK, X))
