// Fibers, schedules, barriers, warp collectives, and the OS threads that share the blocks of a launch.
#include "machine.h"
#include "memory.h"
#include "race.h"
#include "settings.h"
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>

// Saves the callee-saved registers on the running stack, stores that stack pointer, and continues on
// another stack where the same was done before.
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

// The first and last thread-local variables around those of kernels.o (see shared_edges.cpp): what lies
// between is the static shared memory of all kernels.
extern thread_local char ccSharedBegin, ccSharedEnd;

namespace cc {

thread_local Thread* current = nullptr;
thread_local Block* block = nullptr;

namespace {

constexpr size_t stackBytes = 128 * 1024, guardBytes = 4096;
constexpr size_t sharedRoom = 228 * 1024; // whole pages, no less than a block may ask for
constexpr unsigned char sharedPoison = 0xCD;
constexpr unsigned everyLane = 0xffffffffu;

/// A warp collective under way among the lanes of one mask. Two buffers take turns, so that fast lanes
/// can enter the next one while slow lanes still look at this one's results.
struct Meeting {
    uint32_t mask, arrived;
    Collective what;
    unsigned turn, unread;
    Slot given[2][32], results[2][32];
    bool finished[2];
    char sync[2];
};

struct Warp {
    uint32_t ready;   // lanes that can run
    uint32_t exited;
    uint32_t atBarrier;
    unsigned count;   // meetings in use since the block began
    std::vector<std::unique_ptr<Meeting>> meetings;
};

/// What orders the threads of a launch after what was before, and what comes after it after them.
struct LaunchOrder {
    char begin, end;
} launchOrder;

/// An OS thread's means for running blocks; kept between launches.
struct Worker {
    Block block;
    Schedule schedule;
    uint64_t random;
    const Launch* launch;
    unsigned blocksRun = 0;
    char blockEnd[2]; // of this and of the last block, for the race check: a worker's blocks follow each other
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    uint32_t readyWarps;
    unsigned count, live, atBarrier, barrierTurn;
    char barrierSync[2];
    void* home; // the stack pointer of the OS thread itself
    void* homeRaceFiber;
    std::vector<char*> stacks, freeStacks;
    char* emergency = nullptr;
    char* shared = nullptr;
    size_t sharedDirty[2]; // the part of static shared memory that this launch has touched
    Fault fault;

    void runBlock(const Launch& launch, uint64_t number, bool first);
    void prepareThreads();
    void poisonShared(bool first);
    void findDirtyShared();
    void take(unsigned linear);
    int pick(int from);
    void markReady(unsigned warp, uint32_t lanes);
    void give(Thread& next);
    void startOn(Thread& next, char* stack);
    char* stackFor(Thread& next);
    void giveBack(Thread& ended);
    [[noreturn]] void leave(void* stackPointer);
};

thread_local Worker* worker = nullptr;

// ---- which thread runs next ----

/// The set bit of `bits` nearest to `from` going up (or down), around the end. `bits` is not 0.
int nextBit(uint32_t bits, int from, bool down) {
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

char* newStack() {
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

void threadMain();

void Worker::startOn(Thread& next, char* stack) {
    next.stack = stack;
    // Stacks begin at different places within a page, or all of them would fight for the same cache sets.
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
std::string waiting(const Worker& w) {
    std::map<std::string, std::pair<unsigned, unsigned>> reasons; // number, first thread
    for (unsigned i = 0; i < w.count; i++)
        if (const char* reason = w.threads[i].waitsFor)
            reasons.insert({reason, {0, i}}).first->second.first++;
    std::string text;
    for (auto& [reason, threads] : reasons)
        text += (text.empty() ? "" : ", ") + std::to_string(threads.first) + " in " + reason + " (thread "
                + std::to_string(threads.second) + (threads.first > 1 ? " …)" : ")");
    return text;
}

[[noreturn]] void deadlock() {
    Worker& w = *worker;
    fail(702, "deadlock: of %u threads %u wait for ever: %s", w.count, w.live, waiting(w).c_str());
}

/// Blocks the current thread until another marks it ready.
void pause(const char* reason) {
    Worker& w = *worker;
    current->waitsFor = reason;
    int next = w.pick(current->linear);
    if (next < 0)
        deadlock();
    w.give(w.threads[next]);
    current->waitsFor = nullptr;
}

void releaseBarrier(Worker& w) {
    w.atBarrier = 0;
    w.barrierTurn++;
    for (unsigned i = 0; i < w.warps.size(); i++) {
        w.markReady(i, w.warps[i].atBarrier);
        w.warps[i].atBarrier = 0;
    }
}

const char* nameOf(Collective what) {
    static const char* const names[] = {"__syncwarp", "a warp shuffle", "a warp vote", "__match_any_sync",
                                        "ldmatrix",   "ldmatrix.trans", "mma bf16",    "mma tf32"};
    return names[static_cast<int>(what)];
}

[[noreturn]] void failMissing(Collective what, uint32_t mask, uint32_t lanes) {
    fail(719, "%s with mask %08x, whose lanes %08x have returned from the kernel", nameOf(what), mask,
         lanes);
}

/// Books the end of a thread. A barrier waits for those that are still there.
void finishThread(Worker& w, Thread& t) {
    t.done = true;
    Warp& warp = w.warps[t.linear >> 5];
    uint32_t lane = 1u << (t.linear & 31);
    warp.exited |= lane;
    for (unsigned i = 0; i < warp.count; i++)
        if (warp.meetings[i]->arrived && (warp.meetings[i]->mask & lane))
            failMissing(warp.meetings[i]->what, warp.meetings[i]->mask, lane);
    w.live--;
    if (w.live && w.atBarrier == w.live)
        releaseBarrier(w);
}

/// Ends the current thread and makes another one current; null if it was the last. One that has not begun
/// takes over the stack.
Thread* nextThread(Worker& w) {
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

/// The bottom of every fiber. A stack whose thread has ended takes the next thread that has not begun,
/// so a kernel without barriers runs a whole block on one stack without a single switch.
void threadMain() {
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

/// Shared memory keeps nothing from block to block: poison what the last one left. The dynamic part ends
/// at a guard page.
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

// ---- OS threads ----

/// The OS threads, started once and waiting for work between the launches. Never destroyed: they end
/// with the process.
class Pool {
  public:
    /// Runs `body` on the caller and on up to `helpers` other threads, and waits for all.
    void run(unsigned helpers, void (*body)(void*), void* state) {
        if (!helpers)
            return body(state);
        std::unique_lock<std::mutex> lock(mutex);
        while (started < helpers) {
            std::thread([this] { serve(); }).detach();
            started++;
        }
        job = body;
        jobState = state;
        wanted = helpers;
        active = helpers;
        wake.notify_all();
        lock.unlock();
        body(state);
        lock.lock();
        idle.wait(lock, [this] { return active == 0; });
    }

  private:
    void serve() {
        std::unique_lock<std::mutex> lock(mutex);
        for (;;) {
            wake.wait(lock, [this] { return wanted > 0; });
            wanted--;
            auto body = job;
            void* state = jobState;
            lock.unlock();
            body(state);
            lock.lock();
            if (--active == 0)
                idle.notify_all();
        }
    }

    std::mutex mutex;
    std::condition_variable wake, idle;
    unsigned started = 0, wanted = 0, active = 0;
    void (*job)(void*) = nullptr;
    void* jobState = nullptr;
};

Pool& pool() {
    static Pool* only = new Pool;
    return *only;
}

/// The blocks of one launch, handed out to the workers.
struct Work {
    const Launch& launch;
    const Schedule& schedule;
    uint64_t total, stride = 1, offset = 0;
    std::atomic<uint64_t> next{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    Fault fault;
    std::atomic<unsigned> workers{0};
    unsigned strands = 1; // for the race check: how many workers share the blocks evenly

    Work(const Launch& launch, const Schedule& schedule)
        : launch(launch), schedule(schedule), total(launch.grid.count()) {}

    /// Blocks have no order: reversed and random schedules take them in another one.
    uint64_t number(uint64_t turn) const {
        switch (schedule.order) {
        case Order::Reversed:
        case Order::LastWarpFirst:
            return total - 1 - turn;
        case Order::Random:
            return uint64_t((unsigned __int128)turn * stride % total + offset) % total;
        default:
            return turn;
        }
    }
};

uint64_t gcd(uint64_t a, uint64_t b) { return b ? gcd(b, a % b) : a; }

void runOne(Worker& w, Work& work, uint64_t turn, bool first) {
    w.schedule = work.schedule;
    w.fault.code = 0;
    w.runBlock(work.launch, work.number(turn), first);
    if (w.fault.code) {
        std::lock_guard<std::mutex> lock(work.mutex);
        if (!work.fault.code)
            work.fault = w.fault;
        work.stop = true;
        w.freeStacks = w.stacks; // the fibers of the broken block are abandoned
    }
}

/// A stack for signal handlers: without it the overflow of a fiber's stack could not be handled.
void prepareForSignals() {
    stack_t present;
    sigaltstack(nullptr, &present);
    if (!(present.ss_flags & SS_DISABLE))
        return;
    stack_t own = {};
    own.ss_size = 64 * 1024;
    own.ss_sp = malloc(own.ss_size);
    sigaltstack(&own, nullptr);
}

/// The worker of an OS thread, for the signal handler: in a thread that has never run a kernel it must not touch
/// thread-local variables, which might have to be allocated.
pthread_key_t ownWorker;

void runShare(void* state) {
    static thread_local Worker* mine = nullptr; // never deleted: a thread may end while faults are handled
    if (!mine) {
        mine = new Worker;
        pthread_setspecific(ownWorker, mine);
        prepareForSignals();
    }
    race::Quiet quiet;
    Work& work = *static_cast<Work*>(state);
    uint64_t strand = work.workers++, turn = race::checking ? strand : work.next++;
    for (bool first = true; turn < work.total && !work.stop; first = false) {
        runOne(*mine, work, turn, first);
        turn = race::checking ? turn + work.strands : uint64_t(work.next++);
    }
}

unsigned osThreads() {
    unsigned set = settings::number("threads", 0);
    return set ? set : std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

Fault run(const Launch& launch, const Schedule& schedule) {
    Work work(launch, schedule);
    if (schedule.order == Order::Random) {
        work.offset = schedule.seed % work.total;
        work.stride = (2 * uint64_t(schedule.seed) + 1) % work.total;
        while (work.stride == 0 || gcd(work.stride, work.total) != 1)
            work.stride++;
    }
    bool isSmall = launch.grid.count() * launch.block.count() < 2048 && !race::checking;
    work.strands = isSmall ? 1 : std::min<uint64_t>(race::checking ? 4 : osThreads(), work.total);
    race::release(&launchOrder.begin);
    pool().run(work.strands - 1, runShare, &work);
    race::acquire(&launchOrder.end);
    return work.fault;
}

void parallel(uint64_t count, void (*body)(uint64_t, void*), void* state) {
    struct Job {
        uint64_t count;
        void (*body)(uint64_t, void*);
        void* state;
        std::atomic<uint64_t> next{0};
    } job{count, body, state};
    auto share = [](void* s) {
        Job& job = *static_cast<Job*>(s);
        for (uint64_t i; (i = job.next.fetch_add(1)) < job.count;)
            job.body(i, job.state);
    };
    pool().run(count ? std::min<uint64_t>(osThreads(), count) - 1 : 0, share, &job);
}

// ---- faults ----

void fail(int code, const char* format, ...) {
    Worker& w = *worker;
    Fault& fault = w.fault;
    fault.code = code;
    const Index3 &b = w.block.index, &t = current->index;
    int used = snprintf(fault.message, sizeof fault.message,
                        "kernel %s, block (%u,%u,%u), thread (%u,%u,%u): ", w.launch->kernel->name, b.x,
                        b.y, b.z, t.x, t.y, t.z);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault.message + used, sizeof fault.message - used, format, arguments);
    va_end(arguments);
    fprintf(stderr, "cpucuda: %s\n", fault.message);
    if (race::checking || settings::number("abort", 0))
        abort();
    w.leave(w.home);
}

namespace {

thread_local char faultText[160];
thread_local int faultCode;
struct sigaction previous[64];

[[noreturn]] void afterSignal() { fail(faultCode, "%s", faultText); }

/// A fault inside a kernel continues in `afterSignal`, on a stack that is surely whole; any other goes
/// to whoever handled the signal before.
void onSignal(int number, siginfo_t* info, void* context) {
    auto* faulting = static_cast<Worker*>(pthread_getspecific(ownWorker));
    if (faulting && worker && current) {
        auto* machine = static_cast<ucontext_t*>(context);
        char* stack = current->stack;
        auto address = static_cast<char*>(info->si_addr);
        faultCode = 700;
        if (number == SIGFPE)
            faultCode = 719, snprintf(faultText, sizeof faultText, "integer division by zero");
        else if (info->si_code == SI_KERNEL)
            faultCode = 716, snprintf(faultText, sizeof faultText, "misaligned vector access");
        else if (stack && address >= stack - guardBytes && address < stack)
            snprintf(faultText, sizeof faultText, "stack overflow");
        else
            memory::describe(address, faultText, sizeof faultText);
        if (!worker->emergency)
            worker->emergency = static_cast<char*>(mmap(nullptr, stackBytes, PROT_READ | PROT_WRITE,
                                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        machine->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(afterSignal);
        machine->uc_mcontext.gregs[REG_RSP] =
            reinterpret_cast<greg_t>(worker->emergency + stackBytes - 8);
        return;
    }
    struct sigaction& old = previous[number];
    if (old.sa_flags & SA_SIGINFO)
        old.sa_sigaction(number, info, context);
    else if (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN)
        signal(number, SIG_DFL); // the instruction runs again and ends the process
    else
        old.sa_handler(number);
}

} // namespace

void catchSignals() {
    static std::once_flag once;
    std::call_once(once, [] {
        pthread_key_create(&ownWorker, nullptr);
        if (race::checking)
            return;
        for (int number : {SIGSEGV, SIGBUS, SIGFPE}) {
            struct sigaction action;
            sigaction(number, nullptr, &previous[number]);
            action = previous[number];
            action.sa_sigaction = onSignal;
            action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
            sigaction(number, &action, nullptr);
        }
    });
}

// ---- barriers and warp collectives ----

void barrier() {
    race::Quiet quiet;
    Worker& w = *worker;
    unsigned turn = w.barrierTurn;
    race::release(&w.barrierSync[turn & 1]);
    if (++w.atBarrier == w.live)
        releaseBarrier(w);
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
        fail(719, "calls %s with a mask (%08x) that lacks its own lane %u", nameOf(what), mask, lane);
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

std::vector<Kernel>& kernels() {
    static auto* all = new std::vector<Kernel>;
    return *all;
}

} // namespace cc
