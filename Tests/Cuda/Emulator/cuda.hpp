// The driver's calls as C++ programs of the tests use them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" {
int cuInit(unsigned);
int cuDeviceGetCount(int*);
int cuDevicePrimaryCtxRetain(void**, int);
int cuDevicePrimaryCtxRelease_v2(int);
int cuCtxSetCurrent(void*);
int cuCtxSynchronize();
int cuMemGetInfo_v2(size_t*, size_t*);
int cuModuleLoadData(void**, const void*);
int cuModuleGetFunction(void**, void*, const char*);
int cuFuncSetAttribute(void*, int, int);
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                   void*, void**, void**);
int cuMemAlloc_v2(unsigned long long*, size_t);
int cuMemFree_v2(unsigned long long);
int cuMemHostAlloc(void**, size_t, unsigned);
int cuMemFreeHost(void*);
int cuMemcpyHtoD_v2(unsigned long long, const void*, size_t);
int cuMemcpyDtoH_v2(void*, unsigned long long, size_t);
int cuMemcpyHtoDAsync_v2(unsigned long long, const void*, size_t, void*);
int cuMemcpyDtoHAsync_v2(void*, unsigned long long, size_t, void*);
int cuMemcpyDtoDAsync_v2(unsigned long long, unsigned long long, size_t, void*);
int cuMemsetD32Async(unsigned long long, unsigned, size_t, void*);
int cuStreamCreate(void**, unsigned);
int cuStreamDestroy_v2(void*);
int cuStreamSynchronize(void*);
int cuStreamWaitEvent(void*, void*, unsigned);
int cuEventCreate(void**, unsigned);
int cuEventDestroy_v2(void*);
int cuEventRecord(void*, void*);
int cuEventSynchronize(void*);
int cuEventQuery(void*);
int cuStreamQuery(void*);
int cuDriverGetVersion(int*);
int cuEventElapsedTime(float*, void*, void*);
int cuStreamBeginCapture_v2(void*, int);
int cuStreamEndCapture(void*, void**);
int cuGraphInstantiateWithFlags(void**, void*, unsigned long long);
int cuGraphLaunch(void*, void*);
int cuGraphDestroy(void*);
int cuGraphExecDestroy(void*);
int cuGetErrorString(int, const char**);
int cpucuda_set(const char*, const char*);
int cpucuda_set_schedule(int, unsigned);
int cpucuda_forget_fault();
int cpucuda_usage(int, size_t*, size_t*, size_t*, size_t*);
int cublasLtCreate(void**);
int cublasLtDestroy(void*);
int cublasLtMatmulDescCreate(void**, int, int);
int cublasLtMatmulDescSetAttribute(void*, int, const void*, size_t);
int cublasLtMatmulDescDestroy(void*);
int cublasLtMatrixLayoutCreate(void**, int, uint64_t, uint64_t, int64_t);
int cublasLtMatrixLayoutSetAttribute(void*, int, const void*, size_t);
int cublasLtMatrixLayoutDestroy(void*);
int cublasLtMatmulPreferenceCreate(void**);
int cublasLtMatmulPreferenceSetAttribute(void*, int, const void*, size_t);
int cublasLtMatmulPreferenceDestroy(void*);
int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int, void*,
                                   int*);
int cublasLtMatmul(void*, void*, const float*, const void*, void*, const void*, void*, const float*,
                   const void*, void*, void*, void*, const void*, void*, size_t, void*);
}

/// Ends the program unless a call succeeded.
inline void must(int code, const char* call) {
    if (code) {
        const char* text = nullptr;
        cuGetErrorString(code, &text);
        fprintf(stderr, "%s: error %d (%s)\n", call, code, text ? text : "?");
        exit(3);
    }
}
#define MUST(call) must(call, #call)

/// Device memory with elements of one type.
template <class T> struct Array {
    unsigned long long address = 0;
    size_t length;

    explicit Array(size_t length) : length(length) {
        MUST(cuMemAlloc_v2(&address, length * sizeof(T)));
    }
    explicit Array(const std::vector<T>& values) : Array(values.size()) {
        MUST(cuMemcpyHtoD_v2(address, values.data(), length * sizeof(T)));
    }
    Array(const Array&) = delete;
    ~Array() { cuMemFree_v2(address); }

    std::vector<T> values() const {
        std::vector<T> copy(length);
        MUST(cuMemcpyDtoH_v2(copy.data(), address, length * sizeof(T)));
        return copy;
    }
};

extern void* module;

/// Launches a kernel; the arguments are variables of the parameters' types.
template <class... A> int launch(const char* name, unsigned blocks, unsigned threads,
                                 unsigned shared, void* stream, A... arguments) {
    void* function;
    MUST(cuModuleGetFunction(&function, module, name));
    if (shared > 48 * 1024)
        MUST(cuFuncSetAttribute(function, 8, shared));
    void* pointers[] = {&arguments..., nullptr};
    return cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, shared, stream, pointers, nullptr);
}
