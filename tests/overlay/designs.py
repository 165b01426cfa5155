"""Plans for tests: a board with a tiny core that has the same ports, so that conversions take seconds."""

from dataclasses import replace

from lutdla.backends.core_verilog import core_verilog
from lutdla_overlay.block_design import own_design
from lutdla_overlay.boards import load_board
from lutdla_overlay.cores import load_core
from lutdla_overlay.plan import make_plan
from tests.strategies import TINY


def design_of(board):
    """The block design of a board with its own core."""
    return own_design(load_board(board))


def small_plan(board):
    """A plan with a tiny core whose streams have the width that the board's core has."""
    facts = load_board(board)
    core = load_core(facts.core)
    config = replace(TINY, stream_bits=core.config.stream_bits)
    return make_plan(config, facts, core.clock_mhz_assumed, core_verilog(config).read_text(), ultra_ram=core.ultra_ram)
