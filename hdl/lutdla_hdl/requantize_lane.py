"""One channel of requantisation.

The shift is done in two steps, and each saturates as far as the result allows: what does not fit 24 bits before a shift
by 0..15 does not fit 9 bits after it, and a sum of 9 and 8 bits is then still beyond the clamp, as the exact one is. So
neither shifter nor adder nor clamp is as wide as the product.
"""

from __future__ import annotations

from typing import Any

from myhdl import Signal, always, always_comb, block, instances, modbv

from lutdla_hdl.interfaces import bits, flag, named, signed_bits


def _wrapping(width: int) -> Any:
    """A two's complement signal of `width` bits that wraps."""
    return Signal(modbv(0, min=-(1 << (width - 1)), max=1 << (width - 1)))


@block
def shift_coarse(clk: Any, total: Any, amount: Any, near: Any, over: Any, negative: Any) -> Any:
    """`near` = total >> 16 * `amount` (0..2), 24 bits; `over` where it does not fit; `negative` its sign. 1 cycle."""
    wide = len(total)  # 41..49 bits, so that a shift by 32 always fits
    ones_0, ones_1 = (1 << (wide - 23)) - 1, (1 << (wide - 39)) - 1
    sign = wide - 1

    @always(clk.posedge)
    def shift():
        negative.next = total[sign]
        if amount == 0:
            near.next = total
            over.next = total[wide:23] != 0 and total[wide:23] != ones_0
        elif amount == 1:
            near.next = total >> 16
            over.next = total[wide:39] != 0 and total[wide:39] != ones_1
        else:
            near.next = total >> 32
            over.next = False

    return shift


@block
def shift_fine(clk: Any, near: Any, over: Any, negative: Any, amount: Any, shifted: Any) -> Any:
    """`shifted` = near >> `amount` (0..15), saturated to 9 bits; -256 or 255 where `over` was set before. 1 cycle."""
    fours, over_fours, ones, over_ones = _wrapping(12), flag(), _wrapping(9), flag()

    @always_comb
    def by_fours():
        if amount[4:2] == 0:
            fours.next = near
            over_fours.next = near[24:11] != 0 and near[24:11] != 0x1FFF
        elif amount[4:2] == 1:
            fours.next = near >> 4
            over_fours.next = near[24:15] != 0 and near[24:15] != 0x1FF
        elif amount[4:2] == 2:
            fours.next = near >> 8
            over_fours.next = near[24:19] != 0 and near[24:19] != 0x1F
        else:
            fours.next = near >> 12
            over_fours.next = False

    @always_comb
    def by_ones():
        if amount[2:] == 0:
            ones.next = fours
            over_ones.next = fours[12:8] != 0 and fours[12:8] != 0xF
        elif amount[2:] == 1:
            ones.next = fours >> 1
            over_ones.next = fours[12:9] != 0 and fours[12:9] != 0x7
        elif amount[2:] == 2:
            ones.next = fours >> 2
            over_ones.next = fours[12:10] != 0 and fours[12:10] != 0x3
        else:
            ones.next = fours >> 3
            over_ones.next = False

    @always(clk.posedge)
    def saturate():
        if over or over_fours or over_ones:
            if negative:
                shifted.next = -256
            else:
                shifted.next = 255
        else:
            shifted.next = ones

    return instances()


@block
def add_and_clamp(clk: Any, shifted: Any, residual: Any, add: Any, low: Any, high: Any, value: Any) -> Any:
    """`value` = shifted, plus `residual` where `add`, within low..high. 2 cycles; `low`, `high` come one later."""
    total = signed_bits(10)

    @always(clk.posedge)
    def add_residual():
        if add:
            total.next = shifted + residual.signed()
        else:
            total.next = shifted

    @always(clk.posedge)
    def clamp():
        if total < low.signed():
            value.next = low
        elif total > high.signed():
            value.next = high
        else:
            value.next = total[8:]

    return instances()


@block
def requantize_lane(
    clk: Any, acc: Any, mult: Any, shift: Any, bias: Any, residual: Any, add: Any, low: Any, high: Any, value: Any,
    acc_bits: int,
) -> Any:  # fmt: skip
    """`value` = clamp(((acc * mult + bias) >> shift) + residual), 6 cycles later.

    `acc`, `mult`, `shift`, `bias` arrive together, `residual` and whether to `add` it 4 cycles later, the clamp's `low`
    and `high` 5 cycles later.
    """
    product = signed_bits(acc_bits + 16)
    total = signed_bits(max(acc_bits + 16, 40) + 1)
    bias_late, shift_late, shift_later, shift_latest = signed_bits(40), bits(6), bits(6), bits(4)
    near, over, negative, shifted = _wrapping(24), flag(), flag(), signed_bits(9)

    @always(clk.posedge)
    def multiply():
        product.next = acc.signed() * mult.signed()
        bias_late.next = bias.signed()
        shift_late.next = shift

    @always(clk.posedge)
    def add_bias():
        total.next = product + bias_late
        shift_later.next = shift_late

    @always(clk.posedge)
    def keep():
        shift_latest.next = shift_later[4:]

    coarse = named(shift_coarse(clk, total, shift_later(6, 4), near, over, negative), "coarse")
    fine = named(shift_fine(clk, near, over, negative, shift_latest, shifted), "fine")
    finish = named(add_and_clamp(clk, shifted, residual, add, low, high, value), "finish")
    return instances()


@block
def select_group(clk: Any, data: Any, number: Any, window: Any) -> Any:
    """`window` = group `number` of the row `data`, registered."""
    distance = len(window)

    @always(clk.posedge)
    def pick():
        window.next = data >> (number * distance)

    return pick
