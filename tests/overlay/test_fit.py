"""Which networks run on which boards, and what is said where they do not."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology
from lutdla.errors import ConfigError, FitError
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.cores import Core, core_names, load_core
from lutdla_overlay.fit import fit, needs_of

RTL = json.loads((Path(__file__).parents[2] / "benchmarks" / "results" / "resnet8_rtl.json").read_text())
"""ResNet-8 on the XC7Z020's core: cycles of the Verilated core, area by yosys."""


@pytest.fixture(scope="module")
def networks():
    """Core -> ResNet-8, or LeNet-5 where the core is small, compiled for it."""
    names = {"xc7z020": "resnet8", "xc7z010": "lenet5", "xc7z020-large": "lenet5", "zcu104": "lenet5"}
    return {key: assemble(topology(name, load_core(key).config), load_core(key).config) for key, name in names.items()}


def runs(artefact, config):
    """What the runtime says when it loads the network."""
    try:
        artefact.check_fits(config)
    except FitError:
        return False
    return True


@pytest.mark.parametrize("key", core_names())
@pytest.mark.parametrize("compiled_for", ["xc7z020", "xc7z010", "xc7z020-large", "zcu104"])
def test_it_fits_where_the_runtime_loads_it(networks, compiled_for, key):
    core = load_core(key)
    board = next(load_board(name) for name in board_names()
                 if load_core(load_board(name).core).family == core.family)  # fmt: skip
    found = fit(networks[compiled_for], replace(board, resources=replace(
        board.resources, lut=10**6, ff=10**6, bram36=10**4, uram=10**4, dsp=10**4)), core)
    assert found.fits == runs(networks[compiled_for], core.config)


@pytest.mark.parametrize("key", board_names())
def test_the_core_of_a_board_fits_its_part(networks, key):
    found = fit(networks["xc7z020"], load_board(key))
    assert max(found.shares.values()) <= 1
    assert not [reason for reason in found.reasons if reason.startswith("core ")]


def test_resnet8_on_a_pynq_z2(networks):
    artefact = networks["xc7z020"]
    found = fit(artefact, load_board("pynq-z2"))
    assert found.fits
    assert {use.memory: use.used for use in found.memories} == artefact.requires()
    assert {use.memory: use.available for use in found.memories}["table_rows"] == 544
    assert found.table_bytes == 417_792
    assert found.streamed_bytes == 0
    assert found.cycles_per_image == pytest.approx(RTL["cycles_per_image"], rel=0.01)
    assert found.images_per_s == pytest.approx(100e6 / found.cycles_per_image)
    assert found.shares["ramb36"] == RTL["ramb36"] / 140


def test_the_rate_is_at_the_clock_that_the_board_makes(networks):
    found = fit(networks["xc7z020"], load_board("kv260"))
    assert found.clock_mhz == pytest.approx(187.498, abs=0.001)  # of 200: the IO PLL's 1499.985 MHz / 8
    assert found.images_per_s == pytest.approx(found.clock_mhz * 1e6 / found.cycles_per_image)


def test_another_layout_is_told_field_by_field(networks):
    found = fit(networks["xc7z020"], load_board("zybo-z7-10"))
    assert found.reasons == tuple(
        f"artefact has {name}={need}, the overlay of zybo-z7-10 has {name}={have}: compile it for core xc7z010"
        for name, need, have in (("ports", 12, 4), ("encoders", 4, 2))
    )
    assert (found.memories, found.cycles_per_image, found.images_per_s) == ((), None, None)


def test_a_shallow_memory_comes_with_a_depth_that_the_part_has_room_for(networks):
    board, core = load_board("ultra96-v2"), load_core("zynqmp")
    found = fit(networks["xc7z020"], board, replace(core, config=replace(core.config, table_rows=512, deep_banks=0)))
    assert found.reasons == (
        ("table memory needs 544 rows, the overlay of ultra96-v2 has 512 (lanes=16, banks=48): build an overlay with "
         "table_rows=544, which takes 59% of the block RAM, or compile it for core zynqmp"),
    )


def test_where_the_part_has_no_room_a_larger_board_is_the_fix(networks):
    core = load_core("xc7z020-large")
    small = replace(core, config=replace(core.config, program_rows=16, table_rows=1024))
    found = fit(networks["xc7z020-large"], load_board("pynq-z2"), small)
    assert (f"program memory needs {networks['xc7z020-large'].requires()['program_rows']} rows, the overlay of pynq-z2 "
            "has 16 (lanes=16, banks=36): compile it for core xc7z020-large, or use a board with more block RAM"
            ) in found.reasons
    assert {use.memory for use in found.memories} == set(networks["xc7z020-large"].requires())


def test_every_shallow_memory_is_named(networks):
    core = load_core("xc7z020")
    small = replace(core.config, window_rows=8, value_rows=512, index_words=1024)
    reasons = fit(networks["xc7z020"], load_board("pynq-z2"), replace(core, config=small)).reasons
    assert [reason.split(",")[0] for reason in reasons] == [
        "window memory needs 10 rows", "value memory needs 1024 rows", "index memory needs 3072 words"
    ]


def test_a_core_that_is_larger_than_the_part_is_refused(networks):
    core = load_core("xc7z020")
    found = fit(networks["xc7z020"], load_board("zybo-z7-10"), core)
    assert found.reasons[0].startswith("core xc7z020 needs ")
    assert found.reasons[1] == (
        f"core xc7z020 needs {RTL['ramb36']} block RAMs, zybo-z7-10 has 60: use a smaller core, or another board"
    )


def test_ultra_ram_that_a_part_lacks_is_counted(networks):
    found = fit(networks["zcu104"], load_board("aup-zu3"), load_core("zcu104"))
    assert found.reasons[-1] == "core zcu104 needs 72 UltraRAMs, aup-zu3 has 0: use a smaller core, or another board"


def test_streams_wider_than_the_memory_port_are_refused(networks):
    core = load_core("xc7z020")
    wide = replace(core, config=replace(core.config, stream_bits=128))
    found = fit(networks["xc7z020"], load_board("pynq-z2"), wide)
    assert not found.fits
    assert any("has stream_bits=128, pynq-z2 has a memory port of 64 bits: use stream_bits=64" in reason
               for reason in found.reasons)  # fmt: skip


def test_a_pass_that_the_dma_cannot_carry_is_refused(networks):
    artefact = networks["xc7z020"]
    needs = replace(needs_of(artefact), frame_bytes=1 << 26, images=9)
    assert fit(artefact, load_board("pynq-z2"), needs=needs).reasons == (
        ("a pass of 9 images moves 67108864 bytes, the DMA of pynq-z2 moves 67108863 at once: compile it with fewer "
         "images in a pass (--batch)"),
    )


def test_another_core_has_its_own_name(networks):
    core = Core("mine", "xc7", 50.0, load_core("xc7z020").config)
    found = fit(networks["xc7z020"], load_board("pynq-z2"), core)
    assert (found.core, found.clock_mhz) == ("mine", 50.0)


def test_a_core_of_another_family_is_refused(networks):
    with pytest.raises(ConfigError, match="core zynqmp is for parts of family xcup, pynq-z2 has a processing_system7"):
        fit(networks["xc7z020"], load_board("pynq-z2"), load_core("zynqmp"))


def test_it_needs_no_torch_and_no_myhdl():
    code = "import sys, lutdla_overlay.fit; sys.exit(bool({'torch', 'myhdl', 'pynq'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
