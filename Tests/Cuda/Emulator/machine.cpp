// Launches: their blocks are shared by the OS threads.
#include "machine.h"
#include "pool.h"
#include "worker.h"
#include <algorithm>
#include <atomic>
#include <mutex>

namespace cc {

namespace {

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

void runShare(void* state) {
    static thread_local Worker* mine =
        nullptr; // never deleted: a thread may end while faults are handled
    if (!mine) {
        mine = new Worker;
        prepareForFaults(mine);
    }
    race::Quiet quiet;
    // In the race check one worker after another, so that its reports are the same every time.
    static std::mutex turns;
    std::unique_lock<std::mutex> alone(turns, std::defer_lock);
    if (race::checking)
        alone.lock();
    Work& work = *static_cast<Work*>(state);
    uint64_t strand = work.workers++, turn = race::checking ? strand : work.next++;
    for (bool first = true; turn < work.total && !work.stop; first = false) {
        runOne(*mine, work, turn, first);
        turn = race::checking ? turn + work.strands : uint64_t(work.next++);
    }
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
    runOnThreads(work.strands - 1, runShare, &work);
    race::acquire(&launchOrder.end);
    return work.fault;
}

std::vector<Kernel>& kernels() {
    static auto* all = new std::vector<Kernel>;
    return *all;
}

} // namespace cc
