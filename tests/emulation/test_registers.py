import pytest

from lutdla.emulation.registers import AddressMap, RegisterArray, WordRegisters
from lutdla.errors import DeviceError


@pytest.fixture
def bus():
    bus = AddressMap(trace_length=8)
    bus.attach("low", 0x1000, 0x100, WordRegisters())
    bus.attach("high", 0x2000, 0x100, WordRegisters({4: 7}))
    return bus


def test_an_access_reaches_the_target_at_its_address(bus):
    bus.write(0x1004, 5)
    assert (bus.read(0x1004), bus.read(0x2004), bus.read(0x2008)) == (5, 7, 0)
    assert list(bus.trace)[:2] == [("W", "low", 4, 5), ("R", "low", 4, 5)]


@pytest.mark.parametrize("address", [0x0FFC, 0x1100, 0x2100, 0xFFFF_FFFC])
def test_an_unmapped_address_raises_and_says_what_is_there(bus, address):
    with pytest.raises(DeviceError, match=rf"nothing answers at 0x{address:08X}.*low 0x00001000\.\.0x000010FF"):
        bus.read(address)
    with pytest.raises(DeviceError, match="on a board this access hangs the processor"):
        bus.write(address, 1)


def test_the_trace_is_bounded_and_keeps_the_newest(bus):
    for value in range(100):
        bus.write(0x1000, value)
    assert [access.value for access in bus.trace] == list(range(92, 100))


def test_overlapping_targets_are_refused_and_a_name_is_replaced(bus):
    with pytest.raises(DeviceError, match="third at 0x000010F0 overlaps low at 0x00001000"):
        bus.attach("third", 0x10F0, 0x100, WordRegisters())
    bus.attach("low", 0x10F0, 0x100, WordRegisters({0: 3}))
    assert bus.read(0x10F0) == 3


def test_array_elements_slices_and_views_are_registers(bus):
    array = RegisterArray(bus, 0x1000, 0x100)
    array[2] = 0xFFFF_FFFF
    assert bus.read(0x1008) == 0xFFFF_FFFF
    array[4:8] = [1, 2, 3, 4]
    assert [bus.read(0x1010 + 4 * i) for i in range(4)] == [1, 2, 3, 4]
    part = array[4:8].view("u4")
    part[1] = 9
    assert bus.read(0x1014) == 9
    assert (part[-1], part[2:][0]) == (4, 3)
    assert array[4:8].tolist() == [1, 9, 3, 4]
    array[4:8] = 6
    assert list(part) == [6, 6, 6, 6]


def test_an_array_refuses_what_would_bypass_the_registers(bus):
    array = RegisterArray(bus, 0x1000, 0x100)
    with pytest.raises(TypeError):
        array + 1
    with pytest.raises(IndexError, match="register 64 of 64"):
        array[64]
    with pytest.raises(DeviceError, match="32-bit words, not as uint64"):
        array.view("u8")[0]
