// The race check: ThreadSanitizer is told of fibers and of what orders memory between them. In a
// build without it everything here is nothing.
//
// Only kernels.cpp is instrumented. Two CUDA threads are ordered by __syncthreads, __syncwarp, by
// an atomic after a __threadfence, and by launches that follow one another; a shuffle or a vote
// orders nothing.
#pragma once

#ifdef CPU_CUDA_RACECHECK
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}

namespace race {
constexpr bool checking = true;
inline void* currentFiber() { return __tsan_get_current_fiber(); }
inline void* createFiber() { return __tsan_create_fiber(0); }
inline void destroyFiber(void* fiber) { __tsan_destroy_fiber(fiber); }
inline void switchTo(void* fiber) { __tsan_switch_to_fiber(fiber, 1 /* orders nothing */); }
inline void acquire(const void* address) { __tsan_acquire(const_cast<void*>(address)); }
inline void release(const void* address) { __tsan_release(const_cast<void*>(address)); }

/// While one lives, what the machine itself does (and the library functions that it calls) is not
/// looked at.
struct Quiet {
    Quiet() {
        AnnotateIgnoreReadsBegin(nullptr, 0);
        AnnotateIgnoreWritesBegin(nullptr, 0);
    }
    ~Quiet() {
        AnnotateIgnoreWritesEnd(nullptr, 0);
        AnnotateIgnoreReadsEnd(nullptr, 0);
    }
};
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
struct Quiet {
    Quiet() {}
};
} // namespace race
#endif
