// What the driver's calls share: their state, and how each of them begins.
#pragma once
#include "machine.h"
#include "memory.h"
#include "settings.h"
#include "streams.h"
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default"))) int

namespace driver {

using Pointer = unsigned long long; // CUdeviceptr

struct Device {
    std::string name = "CPU emulation";
    int major = 9, minor = 0;
    size_t total = size_t(8) << 30, free = size_t(8) << 30;
};

/// All that the calls share; every call holds the lock.
struct State {
    std::recursive_mutex mutex;
    bool initialised = false;
    std::map<int, Context*> contexts; // by device
    std::set<void*> live;             // handles that calls may use
    std::string faultText;            // of the latest fault in a kernel
    uint64_t launches = 0;
};

State& state();

/// The calling thread's context.
extern thread_local Context* bound;

std::vector<Device> devices();
size_t freeBytes(int device);

/// Runs a kernel now; the code of what went wrong.
int runLaunch(const cc::Launch& launch);

/// A call that needs no context.
template <class Body> int call(Body body) {
    std::lock_guard<std::recursive_mutex> lock(state().mutex);
    return state().initialised ? int(body()) : int(notInitialised);
}

/// A call in the calling thread's context.
template <class Body> int inContext(Body body) {
    return call([&]() -> int {
        if (!bound || !bound->retained)
            return invalidContext;
        if (bound->fault)
            return bound->fault;
        return body(*bound);
    });
}

template <class T> T* track(T* handle) {
    state().live.insert(handle);
    return handle;
}

inline bool isLive(void* handle) { return state().live.count(handle) > 0; }

template <class T> int destroy(T* handle) {
    if (!state().live.erase(handle))
        return invalidHandle;
    delete handle;
    return success;
}

/// A call on a stream: null and 1 are the legacy stream.
template <class Body> int onStream(void* handle, Body body) {
    return inContext([&](Context& context) -> int {
        if (!handle || handle == reinterpret_cast<void*>(1))
            return body(context.legacy);
        if (!isLive(handle) || static_cast<Stream*>(handle)->context != &context)
            return invalidHandle;
        return body(*static_cast<Stream*>(handle));
    });
}

/// A call on a device.
template <class Body> int onDevice(int device, Body body) {
    return call([&]() -> int {
        auto all = devices();
        return device >= 0 && device < int(all.size()) ? int(body(all[device]))
                                                       : int(invalidDevice);
    });
}

/// A call on an event; events outlive contexts that have failed.
template <class Body> int onEvent(void* event, Body body) {
    return call([&]() -> int {
        return isLive(event) ? int(body(*static_cast<Event*>(event))) : int(invalidHandle);
    });
}

} // namespace driver
