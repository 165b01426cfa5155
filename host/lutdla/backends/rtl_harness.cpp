// The Verilated core behind a C interface: clock, AXI4-Lite master, AXI4-Stream source and sink with random stalls.
// The handshake loops are here, because one call from Python for each clock cycle would be 100 times slower.

#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "Vlutdla_core.h"
#include "verilated.h"

#ifndef STREAM_BYTES
#error "STREAM_BYTES must be defined"
#endif

namespace {

struct Core {
    VerilatedContext context;
    Vlutdla_core top{&context};
    std::vector<uint8_t> outgoing;          // beats not yet taken
    std::deque<size_t> ends;                // positions in `outgoing` just behind a TLAST beat
    size_t at = 0;                          // first byte not yet taken
    std::vector<uint8_t> partial;           // result frame being received
    std::deque<std::vector<uint8_t>> frames;
    uint64_t cycles = 0, random = 1;
    uint32_t stall = 0;                     // probability of a pause, in 1/2^32

    bool pause() {
        if (!stall) return false;
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        return static_cast<uint32_t>(random >> 32) < stall;
    }

    void offer() {
        const bool more = at < outgoing.size();
        if (!more) { top.s_axis_tvalid = 0; return; }
        if (!top.s_axis_tvalid && pause()) return;
        std::memcpy(&top.s_axis_tdata, outgoing.data() + at, STREAM_BYTES);
        top.s_axis_tlast = at + STREAM_BYTES == ends.front();
        top.s_axis_tvalid = 1;
    }

    // One clock cycle; inputs change behind the rising edge, as registers outside the core would.
    void cycle() {
        top.eval();
        const bool taken = top.s_axis_tvalid && top.s_axis_tready;
        const bool given = top.m_axis_tvalid && top.m_axis_tready;
        if (given) {
            const auto* bytes = reinterpret_cast<const uint8_t*>(&top.m_axis_tdata);
            partial.insert(partial.end(), bytes, bytes + STREAM_BYTES);
            if (top.m_axis_tlast) { frames.push_back(std::move(partial)); partial.clear(); }
        }
        top.aclk = 1;
        top.eval();
        top.aclk = 0;
        cycles++;
        if (taken) {
            at += STREAM_BYTES;
            if (at == ends.front()) ends.pop_front();
            if (at == outgoing.size()) { outgoing.clear(); at = 0; }
            top.s_axis_tvalid = 0;
        }
        offer();
        top.m_axis_tready = !pause();
        top.eval();
    }

    void restart() {
        outgoing.clear(), ends.clear(), partial.clear(), frames.clear();
        at = 0;
        top.s_axis_tvalid = 0;
    }
};

}  // namespace

extern "C" {

void* lutdla_new(double stall, uint64_t seed) {
    auto* core = new Core;
    core->stall = static_cast<uint32_t>(stall * 4294967295.0);
    core->random = seed * 2654435769u + 88172645463325252ull;
    core->top.aresetn = 0;
    for (int i = 0; i < 4; i++) core->cycle();
    core->top.aresetn = 1;
    core->cycle();
    return core;
}

void lutdla_free(void* handle) {
    auto* core = static_cast<Core*>(handle);
    core->top.final();
    delete core;
}

// 0: done, 1: no answer within `limit` cycles.
int lutdla_write(void* handle, uint32_t address, uint32_t value, int limit) {
    auto* core = static_cast<Core*>(handle);
    auto& top = core->top;
    top.s_axi_awaddr = address, top.s_axi_wdata = value, top.s_axi_wstrb = 15;
    top.s_axi_awvalid = top.s_axi_wvalid = top.s_axi_bready = 1;
    for (int i = 0; i < limit; i++) {
        top.eval();
        const bool address_taken = top.s_axi_awvalid && top.s_axi_awready;
        const bool data_taken = top.s_axi_wvalid && top.s_axi_wready;
        const bool answered = top.s_axi_bvalid;
        core->cycle();
        if (address_taken) top.s_axi_awvalid = 0;
        if (data_taken) top.s_axi_wvalid = 0;
        if (answered) { top.s_axi_bready = 0; return 0; }
    }
    return 1;
}

int lutdla_read(void* handle, uint32_t address, uint32_t* value, int limit) {
    auto* core = static_cast<Core*>(handle);
    auto& top = core->top;
    top.s_axi_araddr = address;
    top.s_axi_arvalid = top.s_axi_rready = 1;
    for (int i = 0; i < limit; i++) {
        top.eval();
        const bool taken = top.s_axi_arvalid && top.s_axi_arready;
        const bool answered = top.s_axi_rvalid;
        *value = top.s_axi_rdata;
        core->cycle();
        if (taken) top.s_axi_arvalid = 0;
        if (answered) { top.s_axi_rready = 0; return 0; }
    }
    return 1;
}

void lutdla_send(void* handle, const uint8_t* bytes, size_t size) {
    auto* core = static_cast<Core*>(handle);
    core->outgoing.insert(core->outgoing.end(), bytes, bytes + size);
    core->ends.push_back(core->outgoing.size());
}

size_t lutdla_unsent(void* handle) {
    auto* core = static_cast<Core*>(handle);
    return core->outgoing.size() - core->at;
}

// Runs `cycles`, or fewer when a whole result frame arrives.
void lutdla_step(void* handle, int cycles) {
    auto* core = static_cast<Core*>(handle);
    const size_t before = core->frames.size();
    for (int i = 0; i < cycles && core->frames.size() == before; i++) core->cycle();
}

// Size of the next result frame, 0 if there is none.
size_t lutdla_frame_size(void* handle) {
    auto* core = static_cast<Core*>(handle);
    return core->frames.empty() ? 0 : core->frames.front().size();
}

void lutdla_take_frame(void* handle, uint8_t* bytes) {
    auto* core = static_cast<Core*>(handle);
    std::memcpy(bytes, core->frames.front().data(), core->frames.front().size());
    core->frames.pop_front();
}

int lutdla_irq(void* handle) { return static_cast<Core*>(handle)->top.irq; }
uint64_t lutdla_cycles(void* handle) { return static_cast<Core*>(handle)->cycles; }
void lutdla_restart(void* handle) { static_cast<Core*>(handle)->restart(); }

}  // extern "C"
