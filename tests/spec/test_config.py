import pytest
from hypothesis import given

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from tests.strategies import TINY, configs


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"v": 0}, "v is 0: it must be 1..16"),
        ({"c": 12}, "c is 12: it must be a power of two"),
        ({"c": 512}, "c is 512: it must be 2..256"),
        ({"metric": "cosine"}, "metric is 'cosine': use one of l2, l1, chebyshev"),
        ({"ports": 17}, "ports is 17"),
        ({"ports": True}, "ports is True: it must be an integer"),
        ({"lanes": 16.0}, "lanes is 16.0: it must be an integer"),
        ({"blocks": 2, "encoders": 4}, "blocks must be a multiple of encoders"),
        ({"lanes": 20}, "lanes is 20 and encoders x v is 8: lanes must be a multiple of it, use lanes=24"),
        ({"v": 1, "encoders": 1, "lanes": 3}, "a row of 32-bit results must fill beats of 64 bits, use"),
        ({"stream_bits": 32}, "stream_bits is 32: it must be 64 or 128"),
        ({"table_rows": 1000}, "table_rows is 1000: it must be a power of two"),
        ({"table_rows": 16}, "table_rows is 16: it must be 2 x c=32 or more"),
        ({"acc_bits": 33}, "acc_bits is 33: it must be 12..32"),
        ({"table_rows": 1024 + 256 + 64}, "table_rows is 1344: it must be a power of two, or a power"),
        ({"table_rows": 1024 + 8}, "table_rows is 1032: .* and a multiple of c=16"),
        ({"deep_banks": 1}, "deep_banks is 1: it must be 0..0, every second bank where table_rows=1024 is no"),
        ({"table_rows": 1536, "deep_banks": 9}, "deep_banks is 9: it must be 0..8"),
        ({"window_rows": 24}, "window_rows is 24: it must be a power of two"),
        ({"value_rows": 0}, "value_rows is 0: it must be 2..32768"),
        ({"packet_beats": 8}, "packet_beats is 8: one word of every memory must fit into it"),
    ],
)
def test_an_impossible_core_is_refused(fields, message):
    with pytest.raises(ConfigError, match=message):
        CoreConfig(**fields)


@given(config=configs())
def test_a_configuration_survives_its_dictionary(config):
    assert CoreConfig.from_dict(config.to_dict()) == config
    assert CoreConfig.from_dict(config.to_dict()).hash == config.hash


def test_an_unknown_field_is_named():
    with pytest.raises(ConfigError, match="unknown configuration field 'banks': known are acc_bits, "):
        CoreConfig.from_dict({"banks": 4})


def test_every_field_changes_the_hash():
    changes = {"v": 1, "c": 8, "metric": "l1", "ports": 3, "blocks": 4, "lanes": 8, "encoders": 2, "acc_bits": 25,
               "stream_bits": 128, "packet_beats": 64}  # fmt: skip
    changes |= {name: 2 * depth for name, depth in TINY.to_dict().items() if name.endswith(("_rows", "_words"))}
    assert {*changes, "deep_banks"} == set(TINY.to_dict())
    hashes = {CoreConfig(**TINY.to_dict() | {name: value}).hash for name, value in changes.items()}
    hashes |= {CoreConfig(**TINY.to_dict() | {"table_rows": 96, "deep_banks": deep}).hash for deep in (0, 1)}
    assert len(hashes | {TINY.hash}) == len(changes) + 3


@given(config=configs())
def test_derived_sizes_agree(config):
    assert config.banks == config.ports * config.blocks
    assert config.groups_per_row * config.group == config.lanes
    assert config.groups_per_word * config.encoders == config.blocks
    assert 1 << config.index_bits == config.c
    assert config.beats_per_row * config.stream_bits == config.lanes * 32
    for memory in LOADABLE:
        beats = config.beats_per_word(memory)
        assert (beats - 1) * config.stream_bytes < config.word_bytes(memory) <= beats * config.stream_bytes
        assert beats <= config.packet_beats
        assert config.depth(memory) > 0
        assert config.memory_banks(memory) > 0


@pytest.mark.parametrize(("rows", "tail"), [(1024, 0), (1024 + 512, 512), (1024 + 16, 16), (2048, 0)])
def test_rows_of_a_table_bank_past_a_power_of_two(rows, tail):
    assert CoreConfig(table_rows=rows).table_tail == tail
