// Fibers and schedules: the threads of a block take turns on one OS thread.
#include "worker.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <sys/mman.h>

// Saves the callee-saved registers on the running stack, stores that stack pointer, and continues
// on another stack where the same was done before.
extern "C" void cc_switch(void** save, void* load);
asm(R"(
.text
.globl cc_switch
.hidden cc_switch
.type cc_switch,@function
cc_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp,(%rdi)
    movq %rsi,%rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size cc_switch,.-cc_switch
)");

// The first and last thread-local variables around those of kernels.o (see shared_edges.cpp): what
// lies between is the static shared memory of all kernels.
extern thread_local char ccSharedBegin, ccSharedEnd;

namespace cc {

thread_local Thread* current = nullptr;
thread_local Block* block = nullptr;
thread_local Worker* worker = nullptr;
LaunchOrder launchOrder;

namespace {

constexpr size_t sharedRoom = 228 * 1024; // whole pages, no less than a block may ask for
constexpr unsigned char sharedPoison = 0xCD;
constexpr unsigned everyLane = 0xffffffffu;

} // namespace

// ---- which thread runs next ----

/// The set bit of `bits` nearest to `from` going up (or down), around the end. `bits` is not 0.
static int nextBit(uint32_t bits, int from, bool down) {
    if (down) {
        uint32_t below = from >= 31 ? bits : bits & ((2u << from) - 1);
        return 31 - __builtin_clz(below ? below : bits);
    }
    uint32_t above = from > 31 ? 0 : bits & (~0u << from);
    return __builtin_ctz(above ? above : bits);
}

/// Takes the next ready thread after thread `from` out of the ready set; -1 if there is none.
int Worker::pick(int from) {
    if (!readyWarps)
        return -1;
    bool down = schedule.order == Order::Reversed || schedule.order == Order::LastWarpFirst;
    bool warpFirst = schedule.order == Order::WarpFirst || schedule.order == Order::LastWarpFirst;
    int warp = from >> 5, lane = from & 31;
    if (schedule.order == Order::Random) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        warp = nextBit(readyWarps, random >> 59, false);
        lane = nextBit(warps[warp].ready, (random >> 54) & 31, false);
    } else {
        // The rest of this warp, or all of it, before the next warp.
        uint32_t rest = down ? (lane ? (1u << lane) - 1 : 0) : (lane < 31 ? ~0u << (lane + 1) : 0);
        uint32_t here = warps[warp].ready;
        if (here & (warpFirst ? everyLane : rest)) {
            lane = nextBit(here, down ? (lane ? lane - 1 : 31) : lane + 1, down);
        } else {
            warp = nextBit(readyWarps, down ? (warp ? warp - 1 : 31) : warp + 1, down);
            lane = nextBit(warps[warp].ready, down ? 31 : 0, down);
        }
    }
    take(warp * 32 + lane);
    return warp * 32 + lane;
}

void Worker::take(unsigned linear) {
    uint32_t& ready = warps[linear >> 5].ready;
    ready &= ~(1u << (linear & 31));
    if (!ready)
        readyWarps &= ~(1u << (linear >> 5));
}

void Worker::markReady(unsigned warp, uint32_t lanes) {
    if (!lanes)
        return;
    warps[warp].ready |= lanes;
    readyWarps |= 1u << warp;
}

// ---- stacks and switches ----

static char* newStack() {
    void* memory = mmap(nullptr, stackBytes + guardBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("cpucuda: no memory for a stack");
        abort();
    }
    mprotect(memory, guardBytes, PROT_NONE);
    return static_cast<char*>(memory) + guardBytes;
}

/// A stack from those that are free; the race check wants every thread to have one of its own.
char* Worker::stackFor(Thread& next) {
    if (race::checking)
        return next.ownStack ? next.ownStack : next.ownStack = newStack();
    if (freeStacks.empty()) {
        stacks.push_back(newStack());
        return stacks.back();
    }
    char* stack = freeStacks.back();
    freeStacks.pop_back();
    return stack;
}

void Worker::giveBack(Thread& ended) {
    if (!race::checking)
        freeStacks.push_back(ended.stack);
}

[[noreturn]] void Worker::leave(void* stackPointer) {
    void* forgotten;
    cc_switch(&forgotten, stackPointer);
    __builtin_unreachable();
}

static void threadMain();

void Worker::startOn(Thread& next, char* stack) {
    next.stack = stack;
    // Stacks begin at different places within a page, or all of them would fight for the same cache
    // sets.
    void** top = reinterpret_cast<void**>(stack + stackBytes - (next.linear % 16) * 128);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(threadMain);
    top -= 6; // the registers that cc_switch pops
    memset(top, 0, 6 * sizeof(void*));
    next.stackPointer = top;
}

/// Goes on with `next` and comes back when this thread is picked again.
void Worker::give(Thread& next) {
    Thread& me = *current;
    if (&me == &next)
        return;
    if (!next.stack)
        startOn(next, stackFor(next));
    current = &next;
    race::switchTo(next.raceFiber);
    cc_switch(&me.stackPointer, next.stackPointer);
}

/// "40 in __syncthreads (thread 0 …), 24 in …".
static std::string waiting(const Worker& w) {
    std::map<std::string, std::pair<unsigned, unsigned>> reasons; // number, first thread
    for (unsigned i = 0; i < w.count; i++)
        if (const char* reason = w.threads[i].waitsFor)
            reasons.insert({reason, {0, i}}).first->second.first++;
    std::string text;
    for (auto& [reason, threads] : reasons)
        text += (text.empty() ? "" : ", ") + std::to_string(threads.first) + " in " + reason
                + " (thread " + std::to_string(threads.second) + (threads.first > 1 ? " …)" : ")");
    return text;
}

[[noreturn]] static void deadlock() {
    Worker& w = *worker;
    fail(702, "deadlock: of %u threads %u wait for ever: %s", w.count, w.live, waiting(w).c_str());
}

void pause(const char* reason) {
    Worker& w = *worker;
    current->waitsFor = reason;
    int next = w.pick(current->linear);
    if (next < 0)
        deadlock();
    w.give(w.threads[next]);
    current->waitsFor = nullptr;
}

void Worker::releaseBarrier() {
    atBarrier = 0;
    barrierTurn++;
    for (unsigned i = 0; i < warps.size(); i++) {
        markReady(i, warps[i].atBarrier);
        warps[i].atBarrier = 0;
    }
}

/// Books the end of a thread. A barrier waits for those that are still there.
static void finishThread(Worker& w, Thread& t) {
    t.done = true;
    Warp& warp = w.warps[t.linear >> 5];
    uint32_t lane = 1u << (t.linear & 31);
    warp.exited |= lane;
    for (unsigned i = 0; i < warp.count; i++)
        if (warp.meetings[i]->arrived && (warp.meetings[i]->mask & lane))
            failMissing(warp.meetings[i]->what, warp.meetings[i]->mask, lane);
    w.live--;
    if (w.live && w.atBarrier == w.live)
        w.releaseBarrier();
}

/// Ends the current thread and makes another one current; null if it was the last. One that has not
/// begun takes over the stack.
static Thread* nextThread(Worker& w) {
    race::Quiet quiet;
    Thread& me = *current;
    finishThread(w, me);
    int picked = w.live ? w.pick(me.linear) : -1;
    if (picked < 0 && w.live)
        deadlock();
    Thread* next = picked < 0 ? nullptr : &w.threads[picked];
    if (next && !next->stack && !race::checking) {
        next->stack = me.stack;
        return current = next;
    }
    w.giveBack(me);
    if (next && !next->stack)
        w.startOn(*next, w.stackFor(*next));
    return current = next;
}

/// The bottom of every fiber. A stack whose thread has ended takes the next thread that has not
/// begun, so a kernel without barriers runs a whole block on one stack without a single switch.
static void threadMain() {
    Worker& w = *worker;
    for (;;) {
        race::acquire(&launchOrder.begin);
        race::acquire(&w.blockEnd[~w.blocksRun & 1]);
        w.launch->kernel->call(w.launch->arguments);
        race::release(&w.blockEnd[w.blocksRun & 1]);
        race::release(&launchOrder.end);
        char* stack = current->stack;
        Thread* next = nextThread(w);
        if (next && next->stack == stack)
            continue;
        race::switchTo(next ? next->raceFiber : w.homeRaceFiber);
        w.leave(next ? next->stackPointer : w.home);
    }
}

// ---- blocks ----

void Worker::prepareThreads() {
    const Index3& size = launch->block;
    count = live = size.count();
    atBarrier = barrierTurn = 0;
    if (threads.size() < count)
        threads.resize(count);
    warps.resize((count + 31) / 32);
    readyWarps = 0;
    for (unsigned i = 0; i < warps.size(); i++) {
        Warp& warp = warps[i];
        unsigned lanes = count - 32 * i;
        uint32_t all = lanes >= 32 ? everyLane : (1u << lanes) - 1;
        warp.ready = warp.atBarrier = warp.count = 0;
        warp.exited = ~all;
        markReady(i, all);
    }
    unsigned linear = 0;
    for (unsigned z = 0; z < size.z; z++)
        for (unsigned y = 0; y < size.y; y++)
            for (unsigned x = 0; x < size.x; x++, linear++) {
                Thread& t = threads[linear];
                t.index = {x, y, z};
                t.linear = linear;
                t.done = t.fenced = false;
                t.waitsFor = nullptr;
                t.stack = nullptr;
                t.groups.clear();
                t.open.clear();
                if (!t.raceFiber)
                    t.raceFiber = race::createFiber();
            }
}

/// Shared memory keeps nothing from block to block: poison what the last one left. The dynamic part
/// ends at a guard page.
void Worker::poisonShared(bool first) {
    char* fixed = &ccSharedBegin;
    if (first)
        memset(fixed, sharedPoison, &ccSharedEnd - fixed);
    else
        memset(fixed + sharedDirty[0], sharedPoison, sharedDirty[1] - sharedDirty[0]);
    if (!shared) {
        shared = static_cast<char*>(mmap(nullptr, sharedRoom + guardBytes, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        mprotect(shared + sharedRoom, guardBytes, PROT_NONE);
    }
    size_t room = (launch->sharedBytes + 15) & ~size_t(15);
    block.dynamicShared = shared + sharedRoom - room;
    memset(block.dynamicShared, sharedPoison, room);
}

void Worker::findDirtyShared() {
    const unsigned char* begin = reinterpret_cast<unsigned char*>(&ccSharedBegin);
    size_t from = 0, to = &ccSharedEnd - &ccSharedBegin;
    while (from < to && begin[from] == sharedPoison)
        from++;
    while (to > from && begin[to - 1] == sharedPoison)
        to--;
    sharedDirty[0] = from;
    sharedDirty[1] = to;
}

void Worker::runBlock(const Launch& what, uint64_t number, bool first) {
    launch = &what;
    block.grid = what.grid;
    block.size = what.block;
    uint64_t row = number / what.grid.x;
    block.index = {unsigned(number % what.grid.x), unsigned(row % what.grid.y),
                   unsigned(row / what.grid.y)};
    random = (schedule.seed + 1) * 0x9E3779B97F4A7C15ull ^ (number * 0xD1B54A32D192ED03ull);
    poisonShared(first);
    homeRaceFiber = race::currentFiber();
    prepareThreads();

    worker = this;
    cc::block = &block;
    bool down = schedule.order == Order::Reversed || schedule.order == Order::LastWarpFirst;
    Thread& start = threads[down ? count - 1 : 0];
    take(start.linear);
    startOn(start, stackFor(start));
    current = &start;
    race::switchTo(start.raceFiber);
    cc_switch(&home, start.stackPointer);
    current = nullptr;
    cc::block = nullptr;
    worker = nullptr;

    blocksRun++;
    if (first)
        findDirtyShared();
}

} // namespace cc
