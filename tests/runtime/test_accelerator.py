import numpy as np
import pytest

import lutdla
from lutdla.errors import ArtefactError, CoreError, DeviceError
from lutdla.runtime import Accelerator
from lutdla.spec.config import ABI_VERSION
from lutdla.spec.packets import ErrorCode
from lutdla.spec.registers import BY_NAME, constant_registers
from lutdla.verify import make_vectors, reference_results
from tests.runtime.devices import NETWORK, OTHER, Device
from tests.strategies import TINY

X = make_vectors(NETWORK, 5)
EXPECTED = reference_results(NETWORK, X)


def opened(**forced):
    return Accelerator("emulator", Device(**forced))


@pytest.mark.parametrize(
    ("forced", "message"),
    [
        ({"MAGIC": 0}, "register MAGIC is 0x00000000, expected 0x4c555444: this is no lutdla core"),
        ({"ABI": 9}, f"register ABI is 0x00000009, expected 0x{ABI_VERSION:08x}: use the lutdla version"),
        ({"CONFIG_HASH": 5}, "register CONFIG_HASH is 0x00000005, the capability registers .* hash to 0x"),
        ({"CAP_VECTOR": 0}, "capability registers describe no possible core .*v is 0: it must be 1..16"),
        ({"CAP_VECTOR": 0xFFFFFFFF}, "capability registers describe no possible core"),
        ({"CAP_TABLE": 32}, "register CONFIG_HASH is"),
    ],
)
def test_a_device_that_is_no_core_of_ours_is_refused_and_closed(forced, message):
    device = Device(**forced)
    with pytest.raises(DeviceError, match=message):
        Accelerator("emulator", device)
    assert device.closed == 1


def test_the_configuration_is_read_from_the_device():
    assert opened().config == TINY
    assert constant_registers(opened().config)["CONFIG_HASH"] == TINY.hash


def test_load_takes_a_file_or_an_artefact(tmp_path):
    path = NETWORK.save(tmp_path / "net.lut")
    with opened() as accelerator:
        for model in (path, str(path), NETWORK):
            np.testing.assert_array_equal(accelerator.load(model).raw(X), EXPECTED)


def test_a_file_that_is_no_artefact_leaves_the_loaded_model(tmp_path):
    (tmp_path / "bad.lut").write_bytes(b"no artefact")
    with opened() as accelerator:
        network = accelerator.load(NETWORK)
        with pytest.raises(ArtefactError, match="damaged or not an artefact"):
            accelerator.load(tmp_path / "bad.lut")
        with pytest.raises(ArtefactError, match="no such file"):
            accelerator.load(tmp_path / "none.lut")
        np.testing.assert_array_equal(network.raw(X), EXPECTED)


@pytest.mark.parametrize("register", ["CRC_TABLE", "CRC_PROGRAM", "MODEL"])
def test_what_was_loaded_is_read_back(register):
    with opened() as accelerator:
        accelerator.core().backend.forced[BY_NAME[register].offset] = 0x123
        with pytest.raises(CoreError, match=f"after loading, register {register} is 0x00000123, expected 0x"):
            accelerator.load(NETWORK)


def test_an_error_while_loading_names_the_core_s_reason(monkeypatch):
    with opened() as accelerator:
        core = accelerator.core()
        send = core.backend.model.send
        monkeypatch.setattr(core.backend.model, "send", lambda frame: send(frame[:-16]))
        with pytest.raises(CoreError, match=r"loading .* TRUNCATED: TLAST came before the end of a packet") as caught:
            accelerator.load(NETWORK)
        assert caught.value.code == ErrorCode.TRUNCATED.name
        monkeypatch.undo()
        np.testing.assert_array_equal(accelerator.load(NETWORK).raw(X), EXPECTED)


def test_buffers_of_a_load_are_given_back():
    with opened() as accelerator:
        accelerator.load(NETWORK)
        assert accelerator.core().backend.lent == []


def test_a_model_larger_than_a_transfer_goes_in_several_frames():
    with opened() as accelerator:
        backend = accelerator.core().backend
        backend.max_frame_bytes = 512
        network = accelerator.load(NETWORK)
        assert len(backend.sizes) > 3
        assert max(backend.sizes) <= 512
        np.testing.assert_array_equal(network.raw(X), EXPECTED)
        assert max(backend.sizes) <= 512


def test_status_in_words():
    with opened() as accelerator:
        assert accelerator.status()["loaded"] == 0
        accelerator.load(NETWORK).raw(X)
        status = accelerator.status()
        wanted = ("backend", "loaded", "busy", "error", "model", "images")
        assert {name: status[name] for name in wanted} == {
            "backend": "emulator", "loaded": 1, "busy": 0, "error": "NONE: no error",
            "model": f"{NETWORK.model_id:08x}", "images": 5,
        }  # fmt: skip


def test_an_error_left_by_another_user_is_cleared_on_opening():
    device = Device()
    device.model.send(bytes(64))
    device.model.step()
    assert device.read_register(BY_NAME["ERROR"].offset) & 0xFF == ErrorCode.MAGIC
    with Accelerator("emulator", device) as accelerator:
        np.testing.assert_array_equal(accelerator.load(NETWORK).raw(X), EXPECTED)


def test_a_closed_accelerator_says_so():
    accelerator = opened()
    device, network = accelerator.core().backend, accelerator.load(NETWORK)
    accelerator.close()
    accelerator.close()
    assert device.closed == 1
    message = "this accelerator is closed: open it again with lutdla.open"
    for use in (lambda: accelerator.load(NETWORK), lambda: accelerator.config, accelerator.status,
                lambda: network.raw(X)):  # fmt: skip
        with pytest.raises(DeviceError, match=message):
            use()
    assert not accelerator.is_open


def test_another_model_ends_the_network():
    with opened() as accelerator:
        first = accelerator.load(NETWORK)
        second = accelerator.load(OTHER)
        with pytest.raises(DeviceError, match="this network is not on the device any more"):
            first(X)
        np.testing.assert_array_equal(second.raw(X), reference_results(OTHER, X))


def test_an_unopened_model_can_be_closed():
    accelerator = lutdla.open("emulator")
    accelerator.close()
    with pytest.raises(DeviceError, match="closed"):
        accelerator.load(NETWORK)
