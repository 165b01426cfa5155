import pytest

from lutdla.errors import ConfigError
from lutdla_overlay.cores import core_names, load_core, parse_core

GOOD = """
family = "xc7"
clock_mhz_assumed = 100
[config]
lanes = 8
"""


def test_every_core_file_is_valid():
    cores = {key: load_core(key) for key in core_names()}
    assert {"xc7z010", "xc7z020", "zcu104"} <= set(cores)
    assert cores["xc7z020"].config.table_tail == 32
    assert cores["zcu104"].config.deep_banks == 36


def test_only_the_zcu104_has_its_tables_in_ultra_ram():
    assert [key for key in core_names() if load_core(key).ultra_ram] == ["zcu104"]
    assert load_core("zcu104").synthesis_options == ("-uram",)
    assert load_core("zynqmp").synthesis_options == ()


def test_an_unknown_core_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"core 'xc7z9' is unknown: use one of .*xc7z020.* or add cores/xc7z9"):
        load_core("xc7z9")


@pytest.mark.parametrize(("old", "new", "message"), [
    ('family = "xc7"', "", "cores/test.toml: entry 'family' is missing"),
    ('family = "xc7"', 'family = "xc6"', "family is 'xc6', use one of xc7, xcup"),
    ("= 100", "= -1", "clock_mhz_assumed is -1, it must be positive"),
    ("[config]", "speed = 1\n[config]", "unknown entry 'speed'"),
    ("[config]", "ultra_ram = 1\n[config]", "ultra_ram is 1, it must be true or false"),
    ("[config]", "ultra_ram = true\n[config]", "ultra_ram is true, but parts of family xc7 have no UltraRAM"),
    ("lanes = 8", "lanes = 7", "lanes is 7"),
    ("lanes = 8", "lanes =", "cores/test.toml: Invalid value"),
])  # fmt: skip
def test_a_bad_file_names_its_entry(old, new, message):
    assert parse_core("test", GOOD).config.lanes == 8
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        parse_core("test", GOOD.replace(old, new))
