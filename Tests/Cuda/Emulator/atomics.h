// Atomic operations on integers, relaxed as on the device. There is none on floats on purpose: the
// order of such a sum would change from run to run.
#pragma once
#include "machine.h"

#ifdef CPU_CUDA_RACECHECK
#define CC_ATOMIC_ACCESS(address) cc::atomicAccess(address)
#else
#define CC_ATOMIC_ACCESS(address) (void)(address)
#endif

inline void __threadfence() { cc::fence(); }
inline void __threadfence_block() { cc::fence(); }

#define CC_ATOMIC(T, name, builtin)                                                                \
    inline T name(T* address, T value) {                                                           \
        T old = builtin(address, value, __ATOMIC_RELAXED);                                         \
        CC_ATOMIC_ACCESS(address);                                                                 \
        return old;                                                                                \
    }
#define CC_ATOMIC_LEAST_OR_GREATEST(T, name, better)                                               \
    inline T name(T* address, T value) {                                                           \
        T old = __atomic_load_n(address, __ATOMIC_RELAXED);                                        \
        while (value better old                                                                    \
               && !__atomic_compare_exchange_n(address, &old, value, true, __ATOMIC_RELAXED,       \
                                               __ATOMIC_RELAXED)) {                                \
        }                                                                                          \
        CC_ATOMIC_ACCESS(address);                                                                 \
        return old;                                                                                \
    }
#define CC_ATOMICS(T)                                                                              \
    CC_ATOMIC(T, atomicAdd, __atomic_fetch_add)                                                    \
    CC_ATOMIC(T, atomicSub, __atomic_fetch_sub)                                                    \
    CC_ATOMIC(T, atomicAnd, __atomic_fetch_and)                                                    \
    CC_ATOMIC(T, atomicOr, __atomic_fetch_or)                                                      \
    CC_ATOMIC(T, atomicXor, __atomic_fetch_xor)                                                    \
    CC_ATOMIC(T, atomicExch, __atomic_exchange_n)                                                  \
    CC_ATOMIC_LEAST_OR_GREATEST(T, atomicMin, <)                                                   \
    CC_ATOMIC_LEAST_OR_GREATEST(T, atomicMax, >)                                                   \
    inline T atomicCAS(T* address, T expected, T value) {                                          \
        __atomic_compare_exchange_n(address, &expected, value, false, __ATOMIC_RELAXED,            \
                                    __ATOMIC_RELAXED);                                             \
        CC_ATOMIC_ACCESS(address);                                                                 \
        return expected;                                                                           \
    }

CC_ATOMICS(int)
CC_ATOMICS(unsigned)
CC_ATOMICS(unsigned long long)

// Counts up to `limit`, then from 0 again.
inline unsigned atomicInc(unsigned* address, unsigned limit) {
    unsigned old = __atomic_load_n(address, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(address, &old, old >= limit ? 0 : old + 1, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    CC_ATOMIC_ACCESS(address);
    return old;
}
