// The machine that kernels run on: one fiber per CUDA thread, one OS thread per running block.
// Kernels see it through cuda_cpu.h; the driver starts launches through `cc::run`.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cc {

struct Index3 {
    unsigned x = 1, y = 1, z = 1;
    uint64_t count() const { return uint64_t(x) * y * z; }
};

/// What one lane brings to, or takes from, a warp collective.
struct alignas(8) Slot {
    uint32_t words[8];
};

struct CopyRequest {
    void* to;
    const void* from;
};

/// One CUDA thread. `stack` is null until the thread first runs.
struct Thread {
    Index3 index;
    unsigned linear;
    bool done;
    bool fenced;          // has executed __threadfence (only the race check looks at it)
    const char* waitsFor; // what it is blocked in, for the message about a deadlock
    void* stackPointer;
    char* stack;
    void* raceFiber = nullptr; // these two only for the race check
    char* ownStack = nullptr;
    std::vector<CopyRequest> open; // cp.async since the last commit
    std::vector<std::vector<CopyRequest>> groups;
};

/// The block an OS thread is running.
struct Block {
    Index3 grid, size, index;
    char* dynamicShared;
};

/// How the ready threads of a block take turns, and in which order blocks run.
enum class Order { RoundRobin, Reversed, WarpFirst, Random, LastWarpFirst };

struct Schedule {
    Order order = Order::RoundRobin;
    uint32_t seed = 1;
};

struct Kernel {
    const char* name;
    void (*call)(void* const* arguments);
    std::vector<size_t> parameterSizes;
    unsigned maxThreads;
    unsigned sharedLimit = 48 * 1024; // raised by cuFuncSetAttribute
};

struct Launch {
    const Kernel* kernel;
    Index3 grid, block;
    size_t sharedBytes;
    void* const* arguments;
};

/// What went wrong inside a kernel; `code` is the CUresult a real device would report.
struct Fault {
    int code = 0;
    char message[512] = "";
};

/// Runs all blocks of a launch. Returns the first fault (code 0: none).
Fault run(const Launch& launch, const Schedule& schedule);

/// Calls `body(i, state)` for i in 0 .. count-1 on the machine's OS threads.
void parallel(uint64_t count, void (*body)(uint64_t, void*), void* state);

/// Hands a signal to the running kernel if it came from one: faults become errors of the launch.
void catchSignals();

// Every variable of the machine that kernels read through: the same for all fibers of an OS thread.
extern thread_local Thread* current;
extern thread_local Block* block;

// ---- what the intrinsics stand on (never instrumented for races: they announce their own) ----

[[noreturn]] void fail(int code, const char* format, ...) __attribute__((format(printf, 2, 3)));
void barrier();

enum class Collective { Sync, Shuffle, Vote, Match, LoadMatrix, LoadMatrixTrans, MmaBf16, MmaTf32 };

/// Waits for all lanes of `mask`, each bringing `mine`; the last to arrive fills `results` through
/// `finish` (may be null: then the result is what the lanes brought). Returns the 32 result slots,
/// valid until this thread's next collective.
const Slot* meet(uint32_t mask, Collective what, const Slot& mine,
                 void (*finish)(const Slot* given, Slot* results));

void finishLoadMatrix(const Slot* given, Slot* results);
void finishLoadMatrixTrans(const Slot* given, Slot* results);
void finishMmaBf16(const Slot* given, Slot* results);
void finishMmaTf32(const Slot* given, Slot* results);

void copyLater(void* shared, const void* global);
void commitCopies();
/// Takes one copy that is due when at most `groupsLeft` groups may still be under way.
bool takeCopy(unsigned groupsLeft, CopyRequest& request);

/// Tells the race check about an atomic access and about a fence.
void atomicAccess(void* address);
void fence();

// ---- kernels ----

std::vector<Kernel>& kernels();

struct Registration {
    Registration(const char* name, unsigned maxThreads, void (*call)(void* const*),
                 std::vector<size_t> parameterSizes) {
        kernels().push_back({name, call, std::move(parameterSizes), maxThreads});
    }
};

} // namespace cc
