"""Clients that are broken or mean: every request is answered or ended in bounded time, and the board goes on."""

import json
import random
import socket
import time

import grpc
import numpy as np
import pytest
from pynq.pl_server.embedded_device import bit2bin
from pynq.remote import (
    buffer_pb2,
    buffer_pb2_grpc,
    mmio_pb2,
    mmio_pb2_grpc,
    remote_device_pb2,
    remote_device_pb2_grpc,
)

import lutdla
from lutdla.errors import InputError
from lutdla.remote import services, session
from lutdla.remote.server import BoardServer
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import load_packets, run_packets
from lutdla_overlay.boards import load_board
from lutdla_overlay.hwh import write_board_overlay
from lutdla_overlay.placeholder import placeholder
from tests.networks import two_layers
from tests.remote.serving import MODEL, served

FIRMWARE, PROGRAM = "/lib/firmware/", "/sys/class/fpga_manager/fpga0/firmware"
DMA = 0xA000_0000


class Client:
    """PYNQ's messages, without any driver."""

    def __init__(self, port):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])
        self.files = remote_device_pb2_grpc.RemoteDeviceStub(self.channel)
        self.mmio = mmio_pb2_grpc.MmioStub(self.channel)
        self.buffers = buffer_pb2_grpc.RemoteBufferStub(self.channel)

    def write(self, path, *parts):
        messages = [remote_device_pb2.WriteFileRequest(file_path=path, data=part) for part in parts]
        return self.files.writefile(iter(messages), timeout=20)

    def allocate(self, size):
        return self.buffers.allocate(buffer_pb2.AllocateRequest(size=size, dtype="|u1"), timeout=20).buffer_id

    def fill(self, name, *parts):
        messages = [buffer_pb2.BufferWriteRequest(buffer_id=name, data=part) for part in parts]
        return self.buffers.write(iter(messages), timeout=20).msg

    def window(self, base, length):
        return self.mmio.get_mmio(mmio_pb2.GetMmioRequest(base_addr=base, length=length), timeout=20)

    def read(self, window, offset, length=4):
        return self.mmio.read(mmio_pb2.ReadRequest(mmio_id=window, offset=offset, length=length), timeout=20)


@pytest.fixture(scope="module")
def port():
    with served(idle_s=0) as process:
        yield process.port


@pytest.fixture
def client(port):
    made = Client(port)
    yield made
    made.channel.close()


@pytest.fixture(autouse=True)
def board_goes_on(port):
    yield
    with lutdla.open(f"pynq://127.0.0.1:{port}") as accelerator:
        assert accelerator.status()["backend"] == "pynq"


def refused(call, code, message):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() == code
    assert message in caught.value.details()


# -- files -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [
    "/etc/passwd", "/lib/firmware/../../etc/passwd", "/lib/firmware/a/b.bin", "/lib/firmware/", "", "\0", "x" * 5000,
    "/sys/class/fpga_manager/fpga0/firmware/..",
])  # fmt: skip
def test_no_other_file_can_be_written(client, path):
    refused(lambda: client.write(path, b"x"), grpc.StatusCode.FAILED_PRECONDITION, "a virtual board has no file")


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/proc/version/../self/maps", ""])
def test_no_other_file_can_be_read(client, path):
    request = remote_device_pb2.ReadFileRequest(file_path=path)
    refused(lambda: list(client.files.readfile(request, timeout=20)), grpc.StatusCode.NOT_FOUND, "has no file")
    assert not client.files.existsfile(remote_device_pb2.ExistsFileRequest(file_path=path), timeout=20).exists


def test_firmware_has_a_largest_size(client):
    part = bytes(2 << 20)
    refused(lambda: client.write(FIRMWARE + "a.bin", *[part] * 33), grpc.StatusCode.FAILED_PRECONDITION,
            "more than 67108864 bytes")
    client.write(FIRMWARE + "a.bin", *[part] * 20)
    refused(lambda: client.write(FIRMWARE + "b.bin", *[part] * 20), grpc.StatusCode.FAILED_PRECONDITION,
            "files of a client have at most 67108864 bytes together")


def test_a_stream_has_one_name(client):
    messages = [remote_device_pb2.WriteFileRequest(file_path=FIRMWARE + name, data=b"x") for name in ("a", "b")]
    refused(lambda: client.files.writefile(iter(messages), timeout=20), grpc.StatusCode.FAILED_PRECONDITION,
            "one stream is for '/lib/firmware/a' and '/lib/firmware/b'")


def test_an_oversized_message_is_refused(client):
    with pytest.raises(grpc.RpcError) as caught:
        client.write(FIRMWARE + "a.bin", bytes(4 << 20))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def swapped(data):
    return b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))


def described(**changes):
    """The data of a placeholder, with fields of its configuration changed, as an FPGA manager gets it."""
    about = {"board": "kv260", "clock_mhz": 100.0, "config": {**CoreConfig().to_dict(), **changes}}
    text = f"no bitstream: emulation only {json.dumps(about)}"
    return swapped(text.encode().ljust(-(-len(text) // 4) * 4))


@pytest.mark.parametrize(("firmware", "message"), [
    (b"", "cannot be emulated"), (b"\xff" * 400, "no placeholder of an overlay"),
    (bytes(1 << 20), "are no placeholder"),
    (swapped(b"no bitstream: emulation only {" + b"[" * 9998), "no placeholder"),
    (described(v=0), "cannot be emulated"),
    (described(table_rows=1 << 40), "cannot be emulated"), (described(lanes="many"), "cannot be emulated"),
    (described(table_rows=65536, lanes=64, ports=16, blocks=8), "table memory of 536870912 bytes"),
    (placeholder(CoreConfig(), "kv260", "x", 100.0), "no placeholder"),  # the whole .bit, not its data
])  # fmt: skip
def test_what_is_no_overlay_is_refused(client, firmware, message):
    client.write(FIRMWARE + "a.bin", firmware)
    refused(lambda: client.write(PROGRAM, b"a.bin"), grpc.StatusCode.FAILED_PRECONDITION, message)


def test_an_overlay_that_was_not_sent_is_refused(client):
    refused(lambda: client.write(PROGRAM, b"../../a.bin"), grpc.StatusCode.FAILED_PRECONDITION,
            "firmware '../../a.bin' was not sent to this board")


def test_partial_reconfiguration_is_refused(client):
    refused(lambda: client.files.set_bitstream_attrs(
        remote_device_pb2.SetBitstreamAttrsRequest(binfile_name="x", partial=True), timeout=20),
        grpc.StatusCode.UNIMPLEMENTED, "no partial reconfiguration")
    refused(lambda: client.write("/sys/class/fpga_manager/fpga0/flags", b"1"), grpc.StatusCode.FAILED_PRECONDITION,
            "no partial reconfiguration")


def test_what_a_virtual_board_lacks_is_said(client):
    part, clock = remote_device_pb2.DownloadRequest(buffer=b"x"), remote_device_pb2.SetPlClkRequest(i=0)
    for call in (lambda: client.files.download(iter([part]), timeout=20),
                 lambda: client.files.set_pl_clk(clock, timeout=20)):  # fmt: skip
        refused(call, grpc.StatusCode.UNIMPLEMENTED, "not implemented")


@pytest.mark.parametrize("method", ["/gpio.Gpio/get_gpio", "/xrfdc.Xrfdc/anything"])
def test_services_that_a_virtual_board_lacks_are_unknown(client, method):
    call = client.channel.unary_unary(method, lambda data: data, lambda data: data)
    refused(lambda: call(b"", timeout=20), grpc.StatusCode.UNIMPLEMENTED, "Method not found")


# -- buffers ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [0, (1 << 31) - 1, (96 << 20) + 1])
def test_impossible_buffers_are_refused(client, size):
    refused(lambda: client.allocate(size), grpc.StatusCode.RESOURCE_EXHAUSTED, f"buffer of {size} bytes: a client has")


def test_a_client_has_so_many_buffers(client):
    for _ in range(session.MOST_BUFFERS):
        client.allocate(1)
    refused(lambda: client.allocate(1), grpc.StatusCode.RESOURCE_EXHAUSTED, "it has 64 in 64")


def test_a_buffer_takes_what_it_holds(client):
    name = client.allocate(100)
    assert client.fill(name, bytes(60), bytes(40)) == ""
    assert client.fill(name, bytes(60), bytes(41)) == "101 bytes for a buffer of 100"
    assert "there is no buffer" in client.fill("nothing", b"x")
    assert "there is no buffer" in client.fill("")


def test_a_freed_buffer_is_gone(client):
    name = client.allocate(100)
    request = buffer_pb2.FreeBufferRequest(buffer_id=name)
    assert client.buffers.freebuffer(request, timeout=20).msg == ""
    for _ in range(2):
        assert "it was freed" in client.buffers.freebuffer(request, timeout=20).msg
    assert "it was freed" in client.buffers.flush(buffer_pb2.FlushRequest(buffer_id=name), timeout=20).msg
    assert "it was freed" in client.buffers.physical_address(buffer_pb2.AddressRequest(buffer_id=name), timeout=20).msg
    request = buffer_pb2.BufferReadRequest(buffer_id=name)
    refused(lambda: list(client.buffers.read(request, timeout=20)), grpc.StatusCode.FAILED_PRECONDITION, "it was freed")


def test_addresses_of_the_server_are_not_told(client):
    request = buffer_pb2.AddressRequest(buffer_id=client.allocate(8))
    assert "does not tell" in client.buffers.virtual_address(request, timeout=20).msg


# -- registers -------------------------------------------------------------------------------------------------------
def test_registers_outside_of_a_window_are_refused(client):
    window = client.window(0xFF5E_0000, 0x100).mmio_id
    for offset, length in ((0x100, 4), (0xFD, 4), (1, 4), (0x7FFF_FFFC, 4)):
        assert "are not inside the window of 256 bytes" in client.read(window, offset, length).msg
    for length in (0, 3, 8, 1 << 30):
        assert "registers are read as words" in client.read(window, 0, length).msg
    assert "there is no register window" in client.read("x", 0).msg
    for data in (b"", b"123", bytes(0x104)):
        message = mmio_pb2.WriteRequest(mmio_id=window, offset=0, data=data)
        assert client.mmio.write(message, timeout=20).msg


def test_addresses_where_nothing_answers_are_refused(client):
    assert "nothing answers at 0x00000000" in client.window(0, 4).msg
    assert "nothing answers at 0xA0000000" in client.window(DMA, 4).msg, "no overlay was loaded"
    wide = client.window(0xFF5E_0000, 1 << 30).mmio_id
    assert "nothing answers" in client.read(wide, 0x10_0000).msg


def test_windows_are_counted(client):
    for _ in range(session.MOST_WINDOWS):
        assert client.window(0xFF5E_0000, 4).status
    assert "at most 256 register windows" in client.window(0xFF5E_0000, 4).msg


# -- the emulated board itself ---------------------------------------------------------------------------------------
def mutated(draw, data, most=6):
    data = bytearray(data)
    for _ in range(draw.randint(0, most)):
        data[draw.randrange(min(len(data), draw.choice((64, len(data)))))] = draw.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_frames_and_random_registers_get_an_answer_each(client, seed, tmp_path):
    """A client that drives the DMA itself: its requests are carried out or refused, none ends in an exception."""
    draw = random.Random(seed)
    client.write(FIRMWARE + "a.bin", bit2bin(write_board_overlay(tmp_path, "KV260").read_bytes()))
    client.write(PROGRAM, b"a.bin")
    artefact = Artefact.load(MODEL)
    frames = artefact.frames(artefact.quantize(np.zeros((3, *artefact.input_shape), np.int8)))
    load = b"".join(load_packets(artefact.image, artefact.config, artefact.model_id))
    run = bytes(run_packets(frames, artefact.image, artefact.config))
    dma = client.window(DMA, 0x1000).mmio_id
    windows = [dma, *(client.window(base, 0x1000).mmio_id for base in (DMA, 0xFF5E_0000, 0xFD36_0000))]
    assert all(windows)

    def write(window, offset, word):
        data = (word & 0xFFFF_FFFF).to_bytes(4, "little")
        return client.mmio.write(mmio_pb2.WriteRequest(mmio_id=window, offset=offset, data=data), timeout=20)

    carried_out = 0
    for _ in range(60):
        name, frame = client.allocate(1 << 18), mutated(draw, draw.choice((load, run, run + run, draw.randbytes(999))))
        address = client.buffers.physical_address(buffer_pb2.AddressRequest(buffer_id=name), timeout=20).address
        client.fill(name, frame)
        client.buffers.flush(buffer_pb2.FlushRequest(buffer_id=name), timeout=20)
        if draw.random() < 0.5:
            write(dma, 0, 4)
            client.read(dma, 0)
        length = draw.choice((len(frame), 64, draw.randrange(1 << 19)))
        for channel in draw.choice(((0,), (0x30,), (0x30, 0))):
            for offset, word in ((0, 1), (0x18, address), (0x1C, address >> 32), (0x28, length)):
                carried_out += write(dma, channel + offset, word).status
        for _ in range(6):
            client.read(dma, draw.choice((4, 0x34)))
            write(draw.choice(windows), 4 * draw.randrange(0x400), draw.getrandbits(32))
        freed = buffer_pb2.FreeBufferRequest(buffer_id=name)
        assert client.buffers.freebuffer(freed, timeout=20).msg == ""
    assert carried_out > 100


# -- connections -----------------------------------------------------------------------------------------------------
def test_garbage_on_the_wire_is_survived(port):
    draw = random.Random(1)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    started = time.monotonic()
    for i in range(50):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
            garbage = draw.randbytes(draw.randint(1, 3000))
            wire.sendall((preface if i % 2 else b"") + garbage)
    assert time.monotonic() - started < 30


def test_garbage_in_messages_is_survived(port):
    draw = random.Random(2)
    methods = ["/mmio.Mmio/read", "/mmio.Mmio/write", "/mmio.Mmio/get_mmio", "/buffer.RemoteBuffer/allocate",
               "/remote_device.RemoteDevice/existsfile", "/nothing.Nothing/nothing"]  # fmt: skip
    answers = set()
    for _ in range(8):
        client = Client(port)
        for _ in range(25):
            call = client.channel.unary_unary(draw.choice(methods), lambda data: data, lambda data: data)
            answers.add(call.future(draw.randbytes(draw.randint(0, 9)), timeout=10).code().name)
        client.channel.close()
    # INTERNAL: no message can be made of the bytes
    assert answers == {"OK", "RESOURCE_EXHAUSTED", "INTERNAL", "UNIMPLEMENTED"}


def test_a_connection_full_of_garbage_harms_itself_only(client):
    """gRPC 1.64 never ends a stream whose message it cannot read: it then refuses more of them."""
    call = client.channel.unary_unary("/mmio.Mmio/read", lambda data: data, lambda data: data)
    codes = [call.future(b"\xff" * 20, timeout=10).code().name for _ in range(60)]
    assert set(codes) <= {"INTERNAL", "UNAVAILABLE"}
    # the connection stays open meanwhile: `board_goes_on` opens another one


def test_a_client_that_disappears_in_a_stream_leaves_nothing(client, port):
    def endless():
        yield remote_device_pb2.WriteFileRequest(file_path=FIRMWARE + "a.bin", data=bytes(1000))
        time.sleep(0.3)
        client.channel.close()
        yield remote_device_pb2.WriteFileRequest(file_path=FIRMWARE + "a.bin", data=bytes(1000))

    with pytest.raises((grpc.RpcError, ValueError)):
        client.files.writefile(endless(), timeout=20)


def test_a_stream_of_a_client_that_has_not_the_board_is_refused_before_its_end():
    def slow():
        yield remote_device_pb2.WriteFileRequest(file_path=FIRMWARE + "a.bin", data=b"x")
        time.sleep(5)

    with BoardServer(port=0) as server:
        first, second = Client(server.port), Client(server.port)
        name = first.allocate(8)
        started = time.monotonic()
        refused(lambda: second.files.writefile(slow(), timeout=20), grpc.StatusCode.FAILED_PRECONDITION, "is in use by")
        assert "is in use by" in second.fill(name, b"x")
        assert time.monotonic() - started < 3
        for client in (first, second):
            client.channel.close()


def test_a_stream_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(services, "STREAM_S", 0.3)

    def slow():
        yield remote_device_pb2.WriteFileRequest(file_path=FIRMWARE + "a.bin", data=b"x")
        time.sleep(3)

    with BoardServer(port=0) as server:
        client = Client(server.port)
        started = time.monotonic()
        with pytest.raises(grpc.RpcError):
            client.files.writefile(slow(), timeout=20)
        assert time.monotonic() - started < 2
        client.channel.close()


def test_a_server_can_be_stopped_twice_and_hosts_are_checked(tmp_path):
    with pytest.raises(InputError, match="everybody who reaches it could use the board"):
        BoardServer(host="::")
    network, x = two_layers(), np.zeros((1, 10), np.int8)
    with BoardServer("zcu104", "localhost", 0, idle_s=0) as server:
        assert server.wait(0.01)
        assert load_board("zcu104").name == server.session.board.name
        target = f"pynq://localhost:{server.port}/{write_board_overlay(tmp_path, 'ZCU104')}"
        with lutdla.open(target) as accelerator, pytest.raises(lutdla.errors.FitError):
            accelerator.load(network).raw(x)
        server.close()
    assert not server.wait(5)
