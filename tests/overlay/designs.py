"""Plans for tests: a board with a core of the least size that has the same ports, so that conversions take seconds."""

from dataclasses import replace

from lutdla.spec import CoreConfig
from lutdla_overlay.block_design import block_design
from lutdla_overlay.boards import load_board
from lutdla_overlay.core_verilog import core_verilog
from lutdla_overlay.cores import load_core
from lutdla_overlay.plan import make_plan

SMALL = CoreConfig(v=2, c=4, metric="l1", ports=1, blocks=1, lanes=4, encoders=1, table_rows=8, index_words=8,
                   accumulator_rows=2, constant_rows=2, codebook_rows=2, program_rows=2, window_rows=2, value_rows=2,
                   packet_beats=64)


def design_of(board):
    """The block design of a board with its own core."""
    facts = load_board(board)
    core = load_core(facts.core)
    return block_design(core.config, facts, core.clock_mhz_assumed)


def small_plan(board):
    """A plan with a small core whose streams have the width that the board's core has."""
    facts = load_board(board)
    core = load_core(facts.core)
    config = replace(SMALL, stream_bits=core.config.stream_bits)
    return make_plan(config, facts, core.clock_mhz_assumed, core_verilog(config), ultra_ram=core.ultra_ram)
