"""The register file: what each register of `lutdla.spec.registers` reads as, and what writes do."""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, always_seq, block, instances, intbv

from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import ADDRESS_BITS, BY_NAME, COUNTERS, MEMORY_CRCS, REGISTERS, constant_registers
from lutdla_hdl.axi_lite import axi_lite
from lutdla_hdl.crc import START
from lutdla_hdl.decoder import LoadState
from lutdla_hdl.interfaces import AxiLite, bits, counter_bits, flag, named


@block
def read_word(slot: Any, number: int, value: Any, before: Any, word: Any) -> Any:
    """One link of the read multiplexer: `word` = `value` at address `number` * 4, otherwise `before`."""

    @always_comb
    def choose():
        if slot == number:
            word.next = value
        else:
            word.next = before

    return choose


@block
def complement(state: Any, word: Any) -> Any:
    """`word`: a CRC, whose state is kept inverted."""

    @always_comb
    def invert():
        word.next = state ^ START

    return invert


@block
def event_counter(clk: Any, rst: Any, clear: Any, event: Any, amount: Any, count: Any) -> Any:
    """Adds `amount` in every cycle with `event`; wraps."""

    @always_seq(clk.posedge, reset=rst)
    def add():
        if clear:
            count.next = 0
        elif event:
            count.next = count + amount

    return add


@block
def interrupts(
    clk: Any, rst: Any, done: Any, failed: Any, clear: Any, clear_data: Any, enable: Any, pending: Any, line: Any
) -> Any:
    """Sticky causes, bit 0 done, bit 1 error; a written 1 clears; `line` while an enabled cause is pending."""

    @always_seq(clk.posedge, reset=rst)
    def collect():
        if done:
            pending.next[0] = True
        elif clear and clear_data[0]:
            pending.next[0] = False
        if failed:
            pending.next[1] = True
        elif clear and clear_data[1]:
            pending.next[1] = False

    @always_comb
    def raise_line():
        line.next = (pending & enable) != 0

    return instances()


@block
def register_file(
    clk: Any, rst: Any, s_axi: AxiLite, load_state: LoadState, sent_crc: Any, decoder_state: Any, busy: Any, row: Any,
    done: Any, failed: Any, events: dict[str, tuple[Any, Any]], profile_row: Any, profile_cycles: Any, soft_reset: Any,
    clear_error: Any, interrupt: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Args:
    sent_crc: state of the CRC of the results (inverted).
    events: register name of a counter -> (event, amount).
    profile_row, profile_cycles: which record is asked for; its cycles.
    soft_reset, clear_error: pulses from CONTROL.
    """
    slot_bits = ADDRESS_BITS - 2
    write, write_slot, write_data = flag(), bits(slot_bits), bits(32)
    read_slot, read_data = bits(slot_bits), bits(32)
    bus = named(axi_lite(clk, rst, s_axi, write, write_slot, write_data, read_slot, read_data), "bus")

    control_slot, enable_slot, status_slot, profile_slot = (
        BY_NAME[name].offset // 4 for name in ("CONTROL", "IRQ_ENABLE", "IRQ_STATUS", "PROFILE_ROW")
    )
    reset_bit, error_bit, counter_bit = (
        BY_NAME["CONTROL"].field(name).offset for name in ("SOFT_RESET", "CLEAR_ERROR", "CLEAR_COUNTERS")
    )
    clear_counters, clear_irq = flag(), flag()
    irq_enable, irq_pending = bits(2), bits(2)

    @always_comb
    def actions():
        soft_reset.next = write and write_slot == control_slot and write_data[reset_bit]
        clear_error.next = write and write_slot == control_slot and write_data[error_bit]
        clear_counters.next = write and write_slot == control_slot and write_data[counter_bit]
        clear_irq.next = write and write_slot == status_slot

    @always_seq(clk.posedge, reset=rst)
    def settings():
        if write and write_slot == enable_slot:
            irq_enable.next = write_data[2:]
        if write and write_slot == profile_slot:
            profile_row.next = write_data[8:]

    irq = named(
        interrupts(clk, rst, done, failed, clear_irq, write_data, irq_enable, irq_pending, interrupt), "irq"
    )
    counts = [counter_bits(32) for _ in COUNTERS]
    counters = [
        named(event_counter(clk, rst, clear_counters, *events[name], counts[i]), f"count_{name.lower()}")
        for i, name in enumerate(COUNTERS)
    ]

    status, error_word = bits(32), bits(32)
    loaded, error, error_packet = load_state.loaded, load_state.error, load_state.error_packet
    at = {f.name: f.offset for f in BY_NAME["STATUS"].fields}
    busy_at, error_at, decoder_at, row_at = at["BUSY"], at["ERROR"], at["DECODER"], at["ROW"]
    packet_at = BY_NAME["ERROR"].field("PACKET").offset

    @always_comb
    def packed_words():
        flags = intbv(0)[32:]
        flags[0] = loaded
        flags[busy_at] = busy
        flags[error_at] = error != 0
        flags[decoder_at + 4 : decoder_at] = decoder_state
        flags[row_at + 8 : row_at] = row
        status.next = flags
        error_word.next = (error_packet << packet_at) | error

    values = {"STATUS": status, "ERROR": error_word, "IRQ_ENABLE": irq_enable, "IRQ_STATUS": irq_pending,
              "MODEL": load_state.model, "PROFILE_ROW": profile_row, "PROFILE_CYCLES": profile_cycles}  # fmt: skip
    values |= {name: counts[i] for i, name in enumerate(COUNTERS)}
    values |= constant_registers(config)
    states = dict(zip(MEMORY_CRCS.values(), load_state.crcs)) | {"CRC_RUN": load_state.run_crc, "CRC_RESULT": sent_crc}
    crcs = {name: bits(32) for name in states}
    inverters = [named(complement(states[name], crcs[name]), name.lower()) for name in states]
    values |= crcs

    readable = [register for register in REGISTERS if register.name in values]
    links = [bits(32) for _ in readable[1:]] + [read_data]
    befores = [0, *links]
    readers = [
        named(
            read_word(read_slot, register.offset // 4, values[register.name], befores[i], links[i]),
            f"read_{register.name.lower()}",
        )
        for i, register in enumerate(readable)
    ]
    return bus, actions, settings, irq, counters, packed_words, inverters, readers
