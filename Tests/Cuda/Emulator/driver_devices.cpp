// Initialisation, devices and contexts.
#include "driver.h"
#include <cstdio>

using namespace driver;

EXPORT cuInit(unsigned) {
    std::lock_guard<std::recursive_mutex> lock(state().mutex);
    int result = settings::number("init", 0);
    state().initialised = result == 0;
    if (!result)
        cc::catchSignals();
    return result;
}

EXPORT cuDriverGetVersion(int* version) {
    *version = settings::number("driver", 12080);
    return success;
}

EXPORT cuDeviceGetCount(int* count) {
    return call([&] { return *count = devices().size(), success; });
}

EXPORT cuDeviceGet(int* device, int ordinal) {
    return call([&] {
        *device = ordinal;
        return ordinal >= 0 && ordinal < int(devices().size()) ? success : invalidDevice;
    });
}

EXPORT cuDeviceGetName(char* name, int room, int device) {
    return onDevice(device,
                    [&](Device& d) { return snprintf(name, room, "%s", d.name.c_str()), success; });
}

EXPORT cuDeviceTotalMem_v2(size_t* bytes, int device) {
    return onDevice(device, [&](Device& d) { return *bytes = d.total, success; });
}

EXPORT cuDeviceGetAttribute(int* value, int attribute, int device) {
    return onDevice(device, [&](Device& d) {
        const std::map<int, int> known = {
            {1, 1024},                                   // threads in a block
            {2, 1024},        {3, 1024},     {4, 64},    // sizes of a block
            {5, 0x7fffffff},  {6, 65535},    {7, 65535}, // sizes of a grid
            {8, 48 * 1024},                              // shared memory of a block
            {9, 64 * 1024},                              // constant memory
            {10, 32},                                    // lanes of a warp
            {12, 65536},                                 // registers of a block
            {13, 1980000},                               // clock, kHz
            {14, 512},                                   // alignment of textures
            {16, 132},                                   // multiprocessors
            {20, 0},                                     // compute mode
            {31, 1},                                     // concurrent kernels
            {33, 1 + device},                            // PCI bus
            {34, 0},                                     // PCI device
            {36, 2619000},                               // memory clock, kHz
            {37, 5120},                                  // memory bus, bits
            {38, 50 << 20},                              // L2 cache, bytes
            {39, 2048},                                  // threads of a multiprocessor
            {40, 3},                                     // copy engines
            {41, 1},                                     // unified addressing
            {50, 0},                                     // PCI domain
            {75, d.major},    {76, d.minor},             // compute capability
            {78, 1},                                     // stream priorities
            {81, 228 * 1024},                            // shared memory of a multiprocessor
            {82, 65536},                                 // registers of a multiprocessor
            {83, 1},                                     // managed memory
            {95, 1},                                     // cooperative launch
            {97, 227 * 1024},                            // shared memory of a block, on request
            {106, 32},                                   // blocks of a multiprocessor
            {111, 1024},                                 // reserved shared memory of a block
            {115, 1},                                    // memory pools
        };
        auto found = known.find(attribute);
        if (found == known.end())
            return invalidValue;
        *value = found->second;
        return success;
    });
}

EXPORT cuDevicePrimaryCtxRetain(void** context, int device) {
    return onDevice(device, [&](Device&) {
        Context*& own = state().contexts[device];
        if (!own)
            own = new Context{device};
        own->retained++;
        *context = own;
        return success;
    });
}

namespace {

/// Everything of a context dies with it.
void clear(Context& context) {
    drainAll(context);
    for (Stream* s : std::set<Stream*>(context.streams)) {
        context.streams.erase(s);
        destroy(s);
    }
    size_t left = memory::all(context.device).size();
    if (left && settings::number("trace", 0))
        fprintf(stderr, "cpucuda: %zu allocations were still there when device %d was released\n",
                left, context.device);
    memory::releaseAll(context.device);
    context.fault = 0;
    context.retained = 0;
}

} // namespace

EXPORT cuDevicePrimaryCtxRelease_v2(int device) {
    return onDevice(device, [&](Device&) {
        Context* own = state().contexts[device];
        if (!own || !own->retained)
            return invalidContext;
        if (own->retained == 1)
            clear(*own);
        else
            own->retained--;
        return success;
    });
}

EXPORT cuDevicePrimaryCtxReset_v2(int device) {
    return onDevice(device, [&](Device&) {
        if (Context* own = state().contexts[device])
            clear(*own);
        return success;
    });
}

EXPORT cuCtxSetCurrent(void* context) {
    return call([&] {
        bound = static_cast<Context*>(context);
        return success;
    });
}

EXPORT cuCtxGetCurrent(void** context) {
    return call([&] { return *context = bound, success; });
}

EXPORT cuCtxSynchronize() {
    return inContext([](Context& context) -> int {
        if (int code = forbiddenInCapture())
            return code;
        return drainAll(context);
    });
}

EXPORT cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    return inContext([&](Context&) { return *least = 0, *greatest = -5, success; });
}

EXPORT cuMemGetInfo_v2(size_t* free, size_t* total) {
    return inContext([&](Context& context) {
        *free = freeBytes(context.device);
        *total = devices()[context.device].total;
        return success;
    });
}
