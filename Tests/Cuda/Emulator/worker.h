// An OS thread that runs blocks: the fibers of a block and whose turn it is.
#pragma once
#include "machine.h"
#include "race.h"
#include <memory>
#include <pthread.h>
#include <vector>

namespace cc {

constexpr size_t stackBytes = 128 * 1024, guardBytes = 4096;

/// A warp collective under way among the lanes of one mask. Two buffers take turns, so that fast
/// lanes can enter the next one while slow lanes still look at this one's results.
struct Meeting {
    uint32_t mask, arrived;
    Collective what;
    unsigned turn, unread;
    Slot given[2][32], results[2][32];
    bool finished[2];
    char sync[2];
};

struct Warp {
    uint32_t ready; // lanes that can run
    uint32_t exited;
    uint32_t atBarrier;
    unsigned count; // meetings in use since the block began
    std::vector<std::unique_ptr<Meeting>> meetings;
};

/// What orders the threads of a launch after what was before, and what comes after it after them.
struct LaunchOrder {
    char begin, end;
};

/// An OS thread's means for running blocks; kept between launches.
struct Worker {
    Block block;
    Schedule schedule;
    uint64_t random;
    const Launch* launch;
    unsigned blocksRun = 0;
    char blockEnd[2]; // of this and of the last block, for the race check: a worker's blocks follow
                      // each other
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
    void releaseBarrier();
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

extern thread_local Worker* worker;
extern LaunchOrder launchOrder;

/// Blocks the current thread until another marks it ready.
void pause(const char* reason);

const char* nameOf(Collective what);
[[noreturn]] void failMissing(Collective what, uint32_t mask, uint32_t lanes);

/// Lets the calling OS thread handle faults of the kernels that `own` will run.
void prepareForFaults(Worker* own);

} // namespace cc
