import pytest
from hypothesis import given

from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import (
    ADDRESS_BITS,
    BY_NAME,
    COUNTERS,
    MAGIC,
    MEMORY_CRCS,
    REGISTERS,
    config_from_registers,
    constant_registers,
)
from tests.strategies import configs


def test_registers_do_not_overlap_and_lie_in_the_window():
    offsets = [register.offset for register in REGISTERS]
    assert len(set(offsets)) == len(offsets)
    assert len(BY_NAME) == len(REGISTERS)
    assert all(offset % 4 == 0 and offset < 1 << ADDRESS_BITS for offset in offsets)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_fields_do_not_overlap_and_are_described(register):
    assert register.access in ("ro", "rw", "wo", "w1c")
    assert register.description.endswith(".")
    taken = 0
    for field in register.fields:
        assert taken & field.mask == 0
        assert field.mask < 1 << 32
        assert field.description
        taken |= field.mask
    values = {field.name: (1 << field.width) - 1 for field in register.fields}
    assert register.decode(register.encode(**values)) == values
    assert register.encode(**values) == taken


def test_a_value_too_large_for_its_field_is_refused():
    with pytest.raises(ValueError, match="CODE=256: the field has 8 bits"):
        BY_NAME["ERROR"].encode(CODE=256)


def test_identity_comes_first():
    assert [register.name for register in REGISTERS[:3]] == ["MAGIC", "ABI", "CONFIG_HASH"]
    assert MAGIC.to_bytes(4, "big") == b"LUTD"


def test_named_groups_exist():
    assert {*COUNTERS, *MEMORY_CRCS.values()} <= set(BY_NAME)


@given(config=configs())
def test_a_configuration_survives_its_registers(config):
    words = constant_registers(config)
    assert config_from_registers(words) == config
    assert words["CONFIG_HASH"] == config.hash
    assert all(0 <= word < 1 << 32 for word in words.values())


def test_the_largest_depths_fit_their_fields():
    config = CoreConfig(table_rows=1 << 16, index_words=1 << 15, accumulator_rows=1 << 12, constant_rows=1 << 12,
                        codebook_rows=1 << 12, program_rows=256, packet_beats=1 << 11, stream_bits=128)
    assert config_from_registers(constant_registers(config)) == config
