// What the threads of a block or warp do together, and asynchronous copies.
#include "worker.h"
#include <cstring>

namespace cc {

const char* nameOf(Collective what) {
    static const char* const names[] = {"__syncwarp",       "a warp shuffle", "a warp vote",
                                        "__match_any_sync", "ldmatrix",       "ldmatrix.trans",
                                        "mma bf16",         "mma tf32"};
    return names[static_cast<int>(what)];
}

[[noreturn]] void failMissing(Collective what, uint32_t mask, uint32_t lanes) {
    fail(719, "%s with mask %08x, whose lanes %08x have returned from the kernel", nameOf(what),
         mask, lanes);
}

void barrier() {
    race::Quiet quiet;
    Worker& w = *worker;
    unsigned turn = w.barrierTurn;
    race::release(&w.barrierSync[turn & 1]);
    if (++w.atBarrier == w.live)
        w.releaseBarrier();
    else {
        w.warps[current->linear >> 5].atBarrier |= 1u << (current->linear & 31);
        pause("__syncthreads");
    }
    race::acquire(&w.barrierSync[turn & 1]);
}

namespace {

Meeting& meetingOf(Warp& warp, uint32_t mask, Collective what) {
    Meeting* idle = nullptr;
    for (unsigned i = 0; i < warp.count; i++) {
        Meeting& m = *warp.meetings[i];
        if (m.mask == mask)
            return m;
        if (!m.arrived && !m.unread)
            idle = &m;
    }
    if (!idle) {
        if (warp.count == warp.meetings.size())
            warp.meetings.push_back(std::make_unique<Meeting>());
        idle = warp.meetings[warp.count++].get();
    }
    memset(idle->given, 0, sizeof idle->given);
    idle->mask = mask;
    idle->what = what;
    idle->arrived = idle->turn = idle->unread = 0;
    return *idle;
}

} // namespace

const Slot* meet(uint32_t mask, Collective what, const Slot& mine,
                 void (*finish)(const Slot* given, Slot* results)) {
    race::Quiet quiet;
    Worker& w = *worker;
    Warp& warp = w.warps[current->linear >> 5];
    unsigned lane = current->linear & 31;
    if (!(mask >> lane & 1))
        fail(719, "calls %s with a mask (%08x) that lacks its own lane %u", nameOf(what), mask,
             lane);
    if (w.count % 32 && (current->linear >> 5) == w.warps.size() - 1)
        mask &= (1u << (w.count % 32)) - 1; // a last warp that is not full
    if (mask & warp.exited)
        failMissing(what, mask, mask & warp.exited);
    Meeting& m = meetingOf(warp, mask, what);
    if (!m.arrived)
        m.what = what;
    else if (m.what != what)
        fail(719, "%s meets %s in one warp", nameOf(what), nameOf(m.what));
    unsigned turn = m.turn & 1;
    m.given[turn][lane] = mine;
    m.arrived |= 1u << lane;
    bool ordersMemory = what == Collective::Sync;
    if (ordersMemory)
        race::release(&m.sync[turn]);
    if (m.arrived == mask) {
        if (finish)
            finish(m.given[turn], m.results[turn]);
        w.markReady(current->linear >> 5, mask & ~(1u << lane));
        m.unread += __builtin_popcount(mask) - 1;
        m.arrived = 0;
        m.turn++;
    } else {
        pause(nameOf(what));
        m.unread--;
    }
    if (ordersMemory)
        race::acquire(&m.sync[turn]);
    return finish ? m.results[turn] : m.given[turn];
}

// ---- asynchronous copies ----

void copyLater(void* shared, const void* global) {
    race::Quiet quiet;
    if ((reinterpret_cast<uintptr_t>(shared) | reinterpret_cast<uintptr_t>(global)) & 15)
        fail(716, "cp.async of 16 bytes from or to an address that is not a multiple of 16");
    current->open.push_back({shared, global});
}

void commitCopies() {
    race::Quiet quiet;
    current->groups.push_back(std::move(current->open));
    current->open.clear();
}

bool takeCopy(unsigned groupsLeft, CopyRequest& request) {
    race::Quiet quiet;
    auto& groups = current->groups;
    while (groups.size() > groupsLeft) {
        if (!groups.front().empty()) {
            request = groups.front().back();
            groups.front().pop_back();
            return true;
        }
        groups.erase(groups.begin());
    }
    return false;
}

void atomicAccess(void* address) {
    race::acquire(address);
    if (current->fenced)
        race::release(address);
}

void fence() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    current->fenced = true;
}

} // namespace cc
