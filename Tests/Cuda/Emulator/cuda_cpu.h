// CUDA on the CPU: what the kernels' source needs in order to be compiled by g++ instead of NVRTC.
#pragma once
#define CPU_CUDA 1
#include "machine.h"
#include <algorithm>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <utility>

#define __global__
#define __device__ __attribute__((unused))
#define __host__
#define __constant__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define DEVICE static inline

#define KERNEL_BOUNDED(name, threads, blocks)                                                      \
    static constexpr unsigned cc_bound_##name = threads;                                           \
    static void name
#define KERNEL(name) KERNEL_BOUNDED(name, 1024, 1)
#define BLOCK_SHARED static thread_local
#define DYN_SHARED(T, name) T* name = reinterpret_cast<T*>(cc::block->dynamicShared)
#ifndef FULL
#define FULL 0xffffffffu
#endif

/// The list of kernels, generated from the source, has one CC_REGISTER(name) for each.
#define CC_REGISTER(name)                                                                          \
    static cc::Registration cc_registration_##name(#name, cc_bound_##name, cc::Call<&name>::call,  \
                                                   cc::Call<&name>::parameterSizes());

namespace cc {

template <auto kernel> struct Call;

template <class... A, void (*kernel)(A...)> struct Call<kernel> {
    static void call(void* const* arguments) { spread(arguments, std::index_sequence_for<A...>{}); }
    static std::vector<size_t> parameterSizes() { return {sizeof(A)...}; }

  private:
    template <size_t... I> static void spread(void* const* arguments, std::index_sequence<I...>) {
        (void)arguments;
        kernel(*static_cast<A*>(arguments[I])...);
    }
};

} // namespace cc

#define threadIdx (cc::current->index)
#define blockIdx (cc::block->index)
#define blockDim (cc::block->size)
#define gridDim (cc::block->grid)
#define warpSize 32

#include "atomics.h"
#include "copies.h"
#include "scalars.h"
#include "vectors.h"
#include "warps.h"
