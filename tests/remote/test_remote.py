"""A virtual board in another process, used through lutdla's client, pynq's own client, and a notebook."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lutdla
from benchmarks import notebooks
from lutdla.backends.emulator import EmulatorModel
from lutdla.cli.serve import command
from lutdla.errors import DeadlineError, DeviceError, InputError, LutdlaError
from lutdla.remote import PORT
from lutdla.remote import client as clients
from lutdla.remote.client import parse_address
from lutdla.remote.server import BoardServer
from lutdla.spec.artefact import Artefact
from lutdla_overlay.boards import load_board
from lutdla_overlay.cores import load_core
from lutdla_overlay.hwh import write_board_overlay, write_overlay
from tests.networks import two_layers
from tests.remote.serving import MODEL, NOTEBOOKS, served
from tests.strategies import TINY

DIGITS = np.load(NOTEBOOKS / "models" / "digits.npz")["images"]


@pytest.fixture(scope="module")
def board():
    """A board that every client gets at once."""
    with served(idle_s=0) as process:
        yield process


@pytest.fixture
def server():
    """A board for one test alone, which may kill it."""
    with served(idle_s=0.3) as process:
        yield process


@pytest.fixture(scope="module")
def stock_host():
    """Where pynq's own client finds a board: it knows port 7967 only, so the address is one of this process."""
    host = f"127.{os.getpid() >> 16 & 63 | 64}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
    with served(idle_s=0, host=host, port=PORT):
        yield host


def target(server, overlay=""):
    return f"pynq://127.0.0.1:{server.port}{overlay}"


def expected(images, model=MODEL):
    with lutdla.open("emulator") as accelerator:
        return accelerator.load(model).raw(images)


# -- the same code, the same bits ------------------------------------------------------------------------------------
def test_results_over_the_network_are_those_of_the_emulator(board):
    with lutdla.open(target(board)) as accelerator:
        assert accelerator.name == "pynq"
        net = accelerator.load(MODEL)
        for n in (1, 7, 100, 300):  # buffers are used again, and replaced by larger ones
            images = np.resize(DIGITS, (n, *DIGITS.shape[1:]))
            np.testing.assert_array_equal(net.raw(images), expected(images))
        assert not accelerator.policy.recoveries


def test_an_overlay_of_one_s_own(board, tmp_path):
    bitfile = write_overlay(tmp_path, TINY, load_board("kv260"))
    with lutdla.open(target(board, f"/{bitfile}")) as accelerator:
        assert accelerator.config == TINY
        network = two_layers()
        x = np.arange(50, dtype=np.int8).reshape(5, 10)
        np.testing.assert_array_equal(accelerator.load(network).raw(x), expected(x, network))


@pytest.mark.timeout(120)
def test_a_notebook_runs_on_it(board, tmp_path):
    here = 'target = "lutdla.bit" if has_board() else "emulator"'
    done = notebooks.execute("03_run_on_the_accelerator", tmp_path / "lutdla", {here: f'target = "{target(board)}"'},
                             until="## Compare back ends")
    assert done.error == ""
    assert "93 of 100 are right" in done.text
    assert "MAGIC = Register(" in done.text


def stock(host, *command):
    """Run a Python program with the environment in which pynq finds a remote board by itself."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *command], capture_output=True, text=True, timeout=100,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYNQ_REMOTE_DEVICES": host},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_pynq_s_own_client_runs_a_network(stock_host, tmp_path):
    bitfile = write_board_overlay(tmp_path, "KV260")
    name, results = stock(stock_host, Path(__file__).with_name("stock_program.py"), bitfile, MODEL)
    values = np.random.default_rng(0).integers(-128, 128, (5, *Artefact.load(MODEL).input_shape)).astype(np.int8)
    assert name == "KV260"
    assert bytes.fromhex(results) == expected(values).tobytes()


def test_the_device_that_pynq_finds_is_replaced_by_one_with_deadlines(stock_host, tmp_path):
    bitfile = write_board_overlay(tmp_path, "KV260")
    program = f"""
import numpy as np, lutdla
with lutdla.open({str(bitfile)!r}) as accelerator:
    net = accelerator.load({str(MODEL)!r})
    print(type(accelerator.core().backend._device).__name__, net.raw(np.ones((1, 8, 8))).sum())
"""
    assert stock(stock_host, "-c", program) == ["RemoteBoard", str(expected(np.ones((1, 8, 8))).sum())]


# -- one client at a time --------------------------------------------------------------------------------------------
def test_a_second_client_is_refused_while_the_first_works():
    with served(idle_s=60) as server, lutdla.open(target(server)) as first:
        net = first.load(MODEL)
        with pytest.raises(DeviceError, match=r"the board KV260 is in use by ipv4:127\.0\.0\.1:\d+, which was idle"):
            lutdla.open(target(server))
        np.testing.assert_array_equal(net.raw(DIGITS), expected(DIGITS))


def test_after_a_while_the_board_goes_to_the_next_and_the_first_is_told(server):
    first = lutdla.open(target(server))
    net = first.load(MODEL)
    time.sleep(0.5)
    with lutdla.open(target(server)) as second:
        np.testing.assert_array_equal(second.load(MODEL).raw(DIGITS), expected(DIGITS))
        with pytest.raises(LutdlaError, match=r"is in use by|the board was given to another client"):
            net.raw(DIGITS)
    first.close()


def test_a_killed_client_leaves_a_board_that_works(server):
    program = f"""
import lutdla, numpy as np
accelerator = lutdla.open("{target(server)}")
net = accelerator.load({str(MODEL)!r})
print("running", flush=True)
while True:
    accelerator.load({str(MODEL)!r})
"""
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "running\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    process.stdout.close()
    time.sleep(0.5)
    with lutdla.open(target(server)) as accelerator:
        np.testing.assert_array_equal(accelerator.load(MODEL).raw(DIGITS), expected(DIGITS))


# -- a board that goes away ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("during", ["load", "run"])
def test_a_server_that_is_killed_is_an_error_and_no_hang(server, during, monkeypatch):
    with lutdla.open(target(server)) as accelerator:
        net = accelerator.load(MODEL)
        backend = accelerator.core().backend
        poll = backend.poll

        def after_the_end():
            server.kill()
            server.wait(60)
            return poll()

        monkeypatch.setattr(backend, "poll", after_the_end)  # while the DMA is at work
        started = time.monotonic()
        with pytest.raises(DeviceError, match=r"the board at 127\.0\.0\.1:\d+ cannot be reached any more"):
            net.raw(DIGITS) if during == "run" else accelerator.load(MODEL)
        with pytest.raises(DeviceError, match="cannot be reached any more"):
            accelerator.load(MODEL)
    assert time.monotonic() - started < 20


def test_a_server_that_hangs_runs_into_the_deadline(server, monkeypatch):
    for name, seconds in {"CALL_S": 0.5, "STREAM_S": 0.5, "LATE_S": 0.1}.items():
        monkeypatch.setattr(clients, name, seconds)
    with lutdla.open(target(server)) as accelerator:
        net = accelerator.load(MODEL)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(DeadlineError, match=r"the board at 127\.0\.0\.1:\d+ does not answer in time"):
                net.raw(DIGITS)
            assert time.monotonic() - started < 10
        finally:
            os.kill(server.pid, signal.SIGCONT)
        time.sleep(0.2)
        accelerator.recover()
        np.testing.assert_array_equal(net.raw(DIGITS), expected(DIGITS))


def test_closing_a_board_that_hangs_takes_one_long_wait_and_short_ones(server, monkeypatch):
    monkeypatch.setattr(clients, "CALL_S", 2.0)
    monkeypatch.setattr(clients, "LATE_S", 0.1)
    accelerator = lutdla.open(target(server))
    accelerator.load(MODEL).raw(DIGITS)
    os.kill(server.pid, signal.SIGSTOP)
    started = time.monotonic()
    accelerator.close()  # two buffers and the board
    assert 2 <= time.monotonic() - started < 3.5


class Slow:
    """The fast emulator, but its first step after a frame takes a while."""

    def __init__(self, config):
        self._core, self._sent = EmulatorModel(config), False

    def send(self, frame):
        self._core.send(frame)
        self._sent = True

    def step(self):
        if self._sent:
            time.sleep(1)
        self._sent = False
        self._core.step()

    def __getattr__(self, name):
        return getattr(self._core, name)


def test_a_virtual_board_may_compute_for_longer_than_a_request_takes(monkeypatch):
    monkeypatch.setattr(clients, "CALL_S", 0.4)
    with BoardServer(port=0, make_model=Slow) as server, lutdla.open(target(server)) as accelerator:
        np.testing.assert_array_equal(accelerator.load(MODEL).raw(DIGITS), expected(DIGITS))


def test_where_no_board_is_the_message_says_so(monkeypatch):
    monkeypatch.setattr(clients, "CONNECT_S", 0.3)
    with pytest.raises(DeviceError, match=r"no board answers at 127\.0\.0\.1:9 in 0\.3 s: .*lutdla serve --emulated"):
        lutdla.open("pynq://127.0.0.1:9")


# -- addresses and overlays ------------------------------------------------------------------------------------------
def test_addresses():
    assert parse_address("pynq://192.168.2.99") == ("192.168.2.99", 7967, None)
    assert parse_address("pynq://board:1234/") == ("board", 1234, None)
    assert parse_address("pynq://[::1]:5/lutdla.bit") == ("::1", 5, "lutdla.bit")
    assert parse_address("pynq://board//tmp/lutdla.bit") == ("board", 7967, "/tmp/lutdla.bit")
    for wrong in ("pynq://", "pynq:///x.bit", "pynq://a?b", "pynq://me@board", "http://board"):
        with pytest.raises(InputError, match=r"no address of a board: use pynq://HOST\[:PORT\]\[/OVERLAY\.bit\]"):
            parse_address(wrong)
    with pytest.raises(InputError, match="Port"):
        parse_address("pynq://board:99999")
    with pytest.raises(InputError, match=r"x\.txt is no \.bit file"):
        parse_address("pynq://board/x.txt")


def test_an_overlay_has_its_own_configuration(board):
    with pytest.raises(InputError, match="an overlay has its own configuration: open it without config"):
        lutdla.open(target(board), config=TINY)


def test_a_missing_overlay_is_named(board):
    with pytest.raises(DeviceError, match=r"there is no nothere\.bit"):
        lutdla.open(target(board, "/nothere.bit"))


def test_an_overlay_of_another_board_is_refused(board, tmp_path):
    bitfile = write_overlay(tmp_path, TINY, load_board("zcu104"))
    with pytest.raises(DeviceError, match="this overlay is for the board zcu104, this is a kv260: serve that board"):
        lutdla.open(target(board, f"/{bitfile}"))


def test_a_file_that_is_no_bitstream_is_refused(board, tmp_path):
    bitfile = write_overlay(tmp_path, TINY, load_board("kv260"))
    bitfile.write_bytes(b"nothing")
    with pytest.raises(DeviceError, match=r"lutdla\.bit: no \.bit file"):
        lutdla.open(target(board, f"/{bitfile}"))


# -- lutdla serve ----------------------------------------------------------------------------------------------------
def serve(*options, **more):
    command = [sys.executable, "-W", "ignore", "-m", "lutdla", "serve", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_stop(number):
    process = serve("--emulated", "--port", "0", "--board", "zcu104")
    try:
        first, second = process.stdout.readline(), process.stdout.readline()
        port = int(re.fullmatch(r"virtual ZCU104 on 127\.0\.0\.1:(\d+); Ctrl-C ends it\n", first)[1])
        assert second == f'  lutdla.open("pynq://127.0.0.1:{port}")\n'
        with lutdla.open(f"pynq://127.0.0.1:{port}") as accelerator:
            assert accelerator.config == load_core("zcu104").config
    finally:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "stopped\n", "")


def test_where_it_serves_is_data_too():
    process = serve("--emulated", "--port", "0", "--seconds", "0", "--json", "-")
    out, err = process.communicate(timeout=60)
    where = json.loads(out)
    assert (where["board"], where["host"]) == ("KV260", "127.0.0.1")
    assert f"virtual KV260 on 127.0.0.1:{where['port']}" in err


def test_a_port_in_use_is_named(board):
    out, err = serve("--emulated", "--port", str(board.port)).communicate(timeout=60)
    assert err.startswith(f"error: 127.0.0.1:{board.port} cannot be listened on")
    assert err.count("\n") == 1
    assert out == ""


@pytest.mark.parametrize(("options", "message"), [
    ({"host": "0.0.0.0"}, "everybody who reaches it could use the board"),
    ({"host": "192.168.7.7"}, "everybody who reaches it could use the board"),
    ({"host": "::"}, "everybody who reaches it could use the board"),
    ({"emulated": False}, "on a board, PYNQ's own server does this; say --emulated for a virtual one"),
    ({"board": "toaster"}, "toaster"),
])  # fmt: skip
def test_what_is_not_served(options, message):
    with pytest.raises(LutdlaError, match=message):
        command(**{"emulated": True, "board": "kv260", "host": "127.0.0.1", "port": 0, "insecure_expose": False,
                   "seconds": 0.0, **options})  # fmt: skip


def test_exposing_a_board_warns(capsys):
    for host, warned in (("0.0.0.0", True), ("127.0.0.1", False)):
        command(emulated=True, board="kv260", host=host, port=0, insecure_expose=True, seconds=0.0)
        assert ("everybody who reaches 0.0.0.0 can use this board" in capsys.readouterr().err) == warned
