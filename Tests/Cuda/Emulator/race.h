// The race check: ThreadSanitizer is told of fibers and of what orders memory between them. In a build
// without it everything here is nothing.
//
// Only kernels.cpp is instrumented. Two CUDA threads are ordered by __syncthreads, __syncwarp, by an atomic
// after a __threadfence, and by launches that follow one another; a shuffle or a vote orders nothing.
#pragma once

#ifdef CPU_CUDA_RACECHECK
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace race {
constexpr bool checking = true;
inline void* currentFiber() { return __tsan_get_current_fiber(); }
inline void* createFiber() { return __tsan_create_fiber(0); }
inline void destroyFiber(void* fiber) { __tsan_destroy_fiber(fiber); }
inline void switchTo(void* fiber) { __tsan_switch_to_fiber(fiber, 1 /* orders nothing */); }
inline void acquire(const void* address) { __tsan_acquire(const_cast<void*>(address)); }
inline void release(const void* address) { __tsan_release(const_cast<void*>(address)); }
} // namespace race
#else
namespace race {
constexpr bool checking = false;
inline void* currentFiber() { return nullptr; }
inline void* createFiber() { return nullptr; }
inline void destroyFiber(void*) {}
inline void switchTo(void*) {}
inline void acquire(const void*) {}
inline void release(const void*) {}
} // namespace race
#endif

namespace race {
inline void beginLaunch(const void* launch) { release(launch); }
inline void beginThread(const void* launch) { acquire(launch); }
inline void endThread(const void* launch) { release(launch); }
inline void endLaunch(const void* launch) { acquire(launch); }
} // namespace race
