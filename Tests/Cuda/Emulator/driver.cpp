// The driver: libcuda's own symbols over the machine, its memory and its streams.
#include "machine.h"
#include "memory.h"
#include "recorder.h"
#include "settings.h"
#include "streams.h"
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <sstream>

#define EXPORT extern "C" __attribute__((visibility("default"))) int

using namespace driver;
using Pointer = unsigned long long; // CUdeviceptr

namespace {

struct Device {
    std::string name = "CPU emulation";
    int major = 9, minor = 0;
    size_t total = size_t(8) << 30, free = size_t(8) << 30;
};

struct Module {
    Context* context;
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

State& state() {
    static auto* only = new State;
    return *only;
}

thread_local Context* bound = nullptr;

std::vector<Device> devices() {
    std::vector<Device> found;
    std::stringstream list(settings::text("devices", "CPU emulation|9.0|8G|8G"));
    for (std::string entry; std::getline(list, entry, ';');) {
        Device device;
        std::stringstream fields(entry);
        std::string field;
        if (std::getline(fields, field, '|'))
            device.name = field;
        if (std::getline(fields, field, '|'))
            sscanf(field.c_str(), "%d.%d", &device.major, &device.minor);
        if (std::getline(fields, field, '|'))
            device.total = device.free = settings::bytes(field);
        if (std::getline(fields, field, '|'))
            device.free = settings::bytes(field);
        found.push_back(device);
    }
    return found;
}

/// What is free on a device beside what this process holds.
size_t freeBytes(int device) {
    size_t before = devices()[device].free, used = memory::used(device);
    return before > used ? before - used : 0;
}

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

bool isLive(void* handle) { return state().live.count(handle) > 0; }

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

int runLaunch(const cc::Launch& launch) {
    static const std::map<std::string, cc::Order> orders = {
        {"round-robin", cc::Order::RoundRobin}, {"reversed", cc::Order::Reversed},
        {"warp-first", cc::Order::WarpFirst},   {"last-warp-first", cc::Order::LastWarpFirst},
        {"random", cc::Order::Random},
    };
    auto order = orders.find(settings::text("schedule", "round-robin"));
    cc::Schedule schedule;
    if (order != orders.end())
        schedule.order = order->second;
    schedule.seed = uint32_t(settings::number("seed", 1) + state().launches++);
    recorder::beforeLaunch(launch);
    cc::Fault fault = cc::run(launch, schedule);
    recorder::afterLaunch(launch);
    if (!fault.code) {
        std::string damage = memory::damage();
        if (!damage.empty()) {
            fault.code = 700;
            snprintf(fault.message, sizeof fault.message, "kernel %s %s", launch.kernel->name,
                     damage.c_str());
            fprintf(stderr, "cpucuda: %s\n", fault.message);
        }
    }
    if (fault.code)
        state().faultText = fault.message;
    return fault.code;
}

/// A launch with its own copy of the arguments.
struct OwnedLaunch {
    cc::Launch launch;
    std::vector<uint64_t> bytes;
    std::vector<void*> arguments;

    OwnedLaunch(const cc::Launch& given) : launch(given) {
        auto& sizes = given.kernel->parameterSizes;
        size_t words = 0;
        for (size_t size : sizes)
            words += (size + 15) / 16 * 2;
        bytes.resize(words + 2);
        auto* to = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(bytes.data()) + 15) & ~15ul);
        for (size_t i = 0; i < sizes.size(); i++) {
            memcpy(to, given.arguments[i], sizes[i]);
            arguments.push_back(to);
            to += (sizes[i] + 15) / 16 * 16;
        }
        launch.arguments = arguments.data();
    }
    OwnedLaunch(const OwnedLaunch&) = delete;
};

} // namespace

// ---- the emulator's own calls ----

EXPORT cpucuda_set(const char* name, const char* value) {
    settings::set(name, value);
    return success;
}

EXPORT cpucuda_set_schedule(int schedule, unsigned seed) {
    static const char* const names[] = {"round-robin", "reversed", "warp-first", "random",
                                        "last-warp-first"};
    if (schedule < 0 || schedule > 4)
        return invalidValue;
    settings::set("schedule", names[schedule]);
    settings::set("seed", std::to_string(seed));
    return success;
}

/// Forgets a fault, so that one process can look at several.
EXPORT cpucuda_forget_fault() {
    std::lock_guard<std::recursive_mutex> lock(state().mutex);
    for (auto& entry : state().contexts) {
        entry.second->fault = 0;
        for (Stream* s : entry.second->streams)
            s->queue.clear();
    }
    state().faultText.clear();
    return success;
}

/// Bytes and number of allocations on a device, the largest number of bytes so far, and the number of launches.
EXPORT cpucuda_usage(int device, size_t* bytes, size_t* allocations, size_t* peak, size_t* launches) {
    std::lock_guard<std::recursive_mutex> lock(state().mutex);
    *bytes = memory::used(device);
    *allocations = memory::all(device).size();
    *peak = memory::peak(device);
    *launches = state().launches;
    return success;
}

/// Gives work to a stream on behalf of another library; `payload` is copied. A result other than 0 is a fault.
EXPORT cpucuda_submit(void* stream, const char* name, int (*work)(const void*), const void* payload,
                      size_t bytes) {
    return onStream(stream, [&](Stream& s) {
        auto begin = static_cast<const uint64_t*>(payload);
        std::vector<uint64_t> copy(begin, begin + (bytes + 7) / 8);
        return submit(s, name, [work, copy] { return work(copy.data()); });
    });
}

EXPORT cpucuda_is_device_memory(Pointer address, size_t bytes) {
    std::lock_guard<std::recursive_mutex> lock(state().mutex);
    return memory::contains(reinterpret_cast<void*>(address), bytes);
}

extern "C" __attribute__((visibility("default"))) void
cpucuda_parallel(uint64_t count, void (*body)(uint64_t, void*), void* argument) {
    cc::parallel(count, body, argument);
}

// ---- initialisation, devices, contexts ----

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

template <class Body> int onDevice(int device, Body body) {
    return call([&]() -> int {
        auto all = devices();
        return device >= 0 && device < int(all.size()) ? int(body(all[device])) : int(invalidDevice);
    });
}

EXPORT cuDeviceGetName(char* name, int room, int device) {
    return onDevice(device, [&](Device& d) { return snprintf(name, room, "%s", d.name.c_str()), success; });
}

EXPORT cuDeviceTotalMem_v2(size_t* bytes, int device) {
    return onDevice(device, [&](Device& d) { return *bytes = d.total, success; });
}

EXPORT cuDeviceGetAttribute(int* value, int attribute, int device) {
    return onDevice(device, [&](Device& d) {
        const std::map<int, int> known = {
            {1, 1024},                                 // threads in a block
            {2, 1024},  {3, 1024}, {4, 64},            // sizes of a block
            {5, 0x7fffffff}, {6, 65535}, {7, 65535},   // sizes of a grid
            {8, 48 * 1024},                            // shared memory of a block
            {9, 64 * 1024},                            // constant memory
            {10, 32},                                  // lanes of a warp
            {12, 65536},                               // registers of a block
            {13, 1980000},                             // clock, kHz
            {14, 512},                                 // alignment of textures
            {16, 132},                                 // multiprocessors
            {20, 0},                                   // compute mode
            {31, 1},                                   // concurrent kernels
            {33, 1 + device},                          // PCI bus
            {34, 0},                                   // PCI device
            {36, 2619000},                             // memory clock, kHz
            {37, 5120},                                // memory bus, bits
            {38, 50 << 20},                            // L2 cache, bytes
            {39, 2048},                                // threads of a multiprocessor
            {40, 3},                                   // copy engines
            {41, 1},                                   // unified addressing
            {50, 0},                                   // PCI domain
            {75, d.major}, {76, d.minor},              // compute capability
            {78, 1},                                   // stream priorities
            {81, 228 * 1024},                          // shared memory of a multiprocessor
            {82, 65536},                               // registers of a multiprocessor
            {83, 1},                                   // managed memory
            {95, 1},                                   // cooperative launch
            {97, 227 * 1024},                          // shared memory of a block, on request
            {106, 32},                                 // blocks of a multiprocessor
            {111, 1024},                               // reserved shared memory of a block
            {115, 1},                                  // memory pools
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
        fprintf(stderr, "cpucuda: %zu allocations were still there when device %d was released\n", left,
                context.device);
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

// ---- modules and functions ----

namespace {

/// Writes the log of a refused module where the options of cuModuleLoadDataEx ask for it.
void writeLog(unsigned count, const int* options, void** values) {
    char* buffer = nullptr;
    size_t room = 0;
    for (unsigned i = 0; i < count; i++) {
        if (options[i] == 5)
            buffer = static_cast<char*>(values[i]);
        if (options[i] == 6)
            room = reinterpret_cast<uintptr_t>(values[i]);
    }
    if (buffer && room)
        snprintf(buffer, room, "refused, as the setting `module` wants");
}

} // namespace

EXPORT cuModuleLoadDataEx(void** module, const void* image, unsigned count, int* options,
                          void** values) {
    return inContext([&](Context& context) -> int {
        if (int code = forbiddenInCapture())
            return code;
        if (!image)
            return invalidValue;
        if (int code = settings::number("module", 0)) {
            writeLog(count, options, values);
            return code;
        }
        *module = track(new Module{&context});
        return success;
    });
}

EXPORT cuModuleLoadData(void** module, const void* image) {
    return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

EXPORT cuModuleUnload(void* module) {
    return inContext([&](Context&) { return destroy(static_cast<Module*>(module)); });
}

EXPORT cuModuleGetFunction(void** function, void* module, const char* name) {
    return inContext([&](Context&) {
        if (!isLive(module))
            return invalidHandle;
        for (cc::Kernel& kernel : cc::kernels())
            if (!strcmp(kernel.name, name)) {
                *function = track(&kernel);
                return success;
            }
        return notFound;
    });
}

EXPORT cuModuleGetGlobal_v2(Pointer*, size_t*, void*, const char*) {
    return inContext([](Context&) { return notFound; });
}

EXPORT cuFuncSetAttribute(void* function, int attribute, int value) {
    return inContext([&](Context&) {
        if (!isLive(function))
            return invalidHandle;
        if (attribute == 9) // how to split cache and shared memory
            return success;
        if (attribute != 8 || value < 0 || value > 227 * 1024)
            return invalidValue;
        static_cast<cc::Kernel*>(function)->sharedLimit = value;
        return success;
    });
}

EXPORT cuFuncGetAttribute(int* value, int attribute, void* function) {
    return inContext([&](Context&) {
        if (!isLive(function))
            return invalidHandle;
        auto& kernel = *static_cast<cc::Kernel*>(function);
        switch (attribute) {
        case 0:
            return *value = kernel.maxThreads, success;
        case 4: // registers
            return *value = 32, success;
        case 5: // PTX version
        case 6: // binary version
            return *value = 90, success;
        case 8:
            return *value = kernel.sharedLimit, success;
        case 1: // static shared memory, constants, local memory
        case 2:
        case 3:
            return *value = 0, success;
        default:
            return invalidValue;
        }
    });
}

EXPORT cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* function, int threads,
                                                   size_t shared) {
    return inContext([&](Context&) {
        if (!isLive(function) || threads <= 0)
            return invalidValue;
        int byShared = shared ? int(227 * 1024 / shared) : 32;
        *blocks = std::min({32, 2048 / threads, byShared});
        return success;
    });
}

EXPORT cuLaunchKernel(void* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                      unsigned blockY, unsigned blockZ, unsigned shared, void* stream, void** arguments,
                      void** extra) {
    return onStream(stream, [&](Stream& s) -> int {
        if (!isLive(function))
            return invalidHandle;
        auto& kernel = *static_cast<cc::Kernel*>(function);
        cc::Index3 grid{gridX, gridY, gridZ}, block{blockX, blockY, blockZ};
        if (!grid.count() || !block.count() || block.count() > kernel.maxThreads || blockZ > 64
            || gridX > 0x7fffffff || gridY > 65535 || gridZ > 65535 || shared > kernel.sharedLimit
            || extra || (!arguments && !kernel.parameterSizes.empty()))
            return invalidValue;
        auto owned = std::make_shared<OwnedLaunch>(cc::Launch{&kernel, grid, block, shared, arguments});
        return submit(s, kernel.name, [owned] { return runLaunch(owned->launch); });
    });
}

// ---- memory ----

EXPORT cuMemAlloc_v2(Pointer* address, size_t bytes) {
    return inContext([&](Context& context) -> int {
        if (int code = forbiddenInCapture())
            return code;
        if (!bytes)
            return invalidValue;
        char* memory = bytes <= freeBytes(context.device) ? memory::allocate(context.device, bytes) : nullptr;
        if (!memory)
            return outOfMemory;
        *address = reinterpret_cast<Pointer>(memory);
        return success;
    });
}

namespace {

int freeMemory(Context& context, int device, void* address) {
    if (int code = forbiddenInCapture())
        return code;
    if (int code = drainAll(context))
        return code;
    std::string damage;
    if (!memory::release(device, address, damage))
        return invalidValue;
    if (damage.empty())
        return success;
    state().faultText = "someone " + damage;
    fprintf(stderr, "cpucuda: %s\n", state().faultText.c_str());
    return context.fault = 700;
}

} // namespace

EXPORT cuMemFree_v2(Pointer address) {
    return inContext([&](Context& context) -> int {
        return address ? freeMemory(context, context.device, reinterpret_cast<void*>(address))
                       : int(success);
    });
}

EXPORT cuMemHostAlloc(void** address, size_t bytes, unsigned) {
    return inContext([&](Context&) -> int {
        if (int code = forbiddenInCapture())
            return code;
        if (!bytes)
            return invalidValue;
        *address = memory::allocate(-1, bytes);
        return *address ? success : outOfMemory;
    });
}

EXPORT cuMemFreeHost(void* address) {
    return inContext([&](Context& context) { return freeMemory(context, -1, address); });
}

EXPORT cuMemHostRegister_v2(void* address, size_t bytes, unsigned) {
    return inContext([&](Context&) { return memory::registerHost(address, bytes), success; });
}

EXPORT cuMemHostUnregister(void* address) {
    return inContext([&](Context&) { return memory::unregisterHost(address) ? success : invalidValue; });
}

namespace {

int copy(Stream& stream, const char* name, void* to, const void* from, size_t bytes) {
    return submit(stream, name, [=] { return memcpy(to, from, bytes), 0; });
}

void* host(Pointer address) { return reinterpret_cast<void*>(address); }

bool isDevice(Pointer address, size_t bytes) { return memory::contains(host(address), bytes); }

/// A fill with elements of 1, 2 or 4 bytes.
template <class T> int fill(void* stream, Pointer to, T value, size_t count) {
    return onStream(stream, [&](Stream& s) -> int {
        if (to % sizeof(T) || (count && !isDevice(to, count * sizeof(T))))
            return invalidValue;
        return submit(s, "memset", [=] { return std::fill_n(static_cast<T*>(host(to)), count, value), 0; });
    });
}

} // namespace

// Host memory that is not page-locked is read before the call returns, and written before it returns, as the
// real driver does; page-locked memory is read and written when the copy's turn comes.

EXPORT cuMemcpyHtoDAsync_v2(Pointer to, const void* from, size_t bytes, void* stream) {
    return onStream(stream, [&](Stream& s) -> int {
        if (!bytes)
            return success;
        if (!isDevice(to, bytes))
            return invalidValue;
        if (memory::pageLocked(from))
            return copy(s, "copy to device", host(to), from, bytes);
        if (s.capture)
            return forbiddenOn(s);
        auto begin = static_cast<const char*>(from);
        auto staged = std::make_shared<std::vector<char>>(begin, begin + bytes);
        return submit(s, "copy to device",
                      [=] { return memcpy(host(to), staged->data(), staged->size()), 0; });
    });
}

EXPORT cuMemcpyDtoHAsync_v2(void* to, Pointer from, size_t bytes, void* stream) {
    return onStream(stream, [&](Stream& s) -> int {
        if (!bytes)
            return success;
        if (!isDevice(from, bytes))
            return invalidValue;
        bool locked = memory::pageLocked(to);
        if (!locked && s.capture)
            return forbiddenOn(s);
        int code = copy(s, "copy to host", to, host(from), bytes);
        return code || locked ? code : drain(s);
    });
}

EXPORT cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes, void* stream) {
    return onStream(stream, [&](Stream& s) -> int {
        if (!bytes)
            return success;
        if (!isDevice(to, bytes) || !isDevice(from, bytes))
            return invalidValue;
        return copy(s, "copy on device", host(to), host(from), bytes);
    });
}

EXPORT cuMemcpyHtoD_v2(Pointer to, const void* from, size_t bytes) {
    return inContext([&](Context& context) -> int {
        if (int code = forbiddenInCapture())
            return code;
        int code = cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
        return code ? code : drain(context.legacy);
    });
}

EXPORT cuMemcpyDtoH_v2(void* to, Pointer from, size_t bytes) {
    return inContext([&](Context& context) -> int {
        if (int code = forbiddenInCapture())
            return code;
        int code = cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
        return code ? code : drain(context.legacy);
    });
}

EXPORT cuMemcpyDtoD_v2(Pointer to, Pointer from, size_t bytes) {
    return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr);
}

EXPORT cuMemsetD8Async(Pointer to, unsigned char value, size_t count, void* stream) {
    return fill(stream, to, value, count);
}
EXPORT cuMemsetD16Async(Pointer to, unsigned short value, size_t count, void* stream) {
    return fill(stream, to, value, count);
}
EXPORT cuMemsetD32Async(Pointer to, unsigned value, size_t count, void* stream) {
    return fill(stream, to, value, count);
}
EXPORT cuMemsetD8_v2(Pointer to, unsigned char value, size_t count) {
    return fill(nullptr, to, value, count);
}
EXPORT cuMemsetD16_v2(Pointer to, unsigned short value, size_t count) {
    return fill(nullptr, to, value, count);
}
EXPORT cuMemsetD32_v2(Pointer to, unsigned value, size_t count) {
    return fill(nullptr, to, value, count);
}

// ---- streams and events ----

EXPORT cuStreamCreateWithPriority(void** stream, unsigned flags, int priority) {
    return inContext([&](Context& context) {
        if (flags > 1)
            return invalidValue;
        auto created = track(new Stream{&context, flags == 0, priority, {}, nullptr, {}});
        context.streams.insert(created);
        *stream = created;
        return success;
    });
}

EXPORT cuStreamCreate(void** stream, unsigned flags) {
    return cuStreamCreateWithPriority(stream, flags, 0);
}

EXPORT cuStreamDestroy_v2(void* stream) {
    return inContext([&](Context& context) -> int {
        if (!isLive(stream))
            return invalidHandle;
        auto gone = static_cast<Stream*>(stream);
        if (gone->capture)
            return forbiddenOn(*gone);
        if (int code = drain(*gone))
            return code;
        context.streams.erase(gone);
        return destroy(gone);
    });
}

EXPORT cuStreamSynchronize(void* stream) {
    return onStream(stream, [](Stream& s) -> int {
        int code = forbiddenOn(s);
        return code ? code : drain(s);
    });
}

EXPORT cuStreamQuery(void* stream) {
    return onStream(stream, [](Stream& s) -> int {
        int code = forbiddenOn(s);
        return code ? code : advance(s);
    });
}

/// A call on an event; events outlive contexts that have failed.
template <class Body> int onEvent(void* event, Body body) {
    return call([&]() -> int {
        return isLive(event) ? int(body(*static_cast<Event*>(event))) : int(invalidHandle);
    });
}

EXPORT cuEventCreate(void** event, unsigned flags) {
    return inContext([&](Context&) {
        auto created = track(new Event);
        created->timed = !(flags & 2);
        *event = created;
        return success;
    });
}

EXPORT cuEventDestroy_v2(void* event) {
    return call([&] { return destroy(static_cast<Event*>(event)); });
}

EXPORT cuEventRecord(void* event, void* stream) {
    return onStream(stream, [&](Stream& s) {
        return onEvent(event, [&](Event& e) { return record(e, s); });
    });
}

EXPORT cuStreamWaitEvent(void* stream, void* event, unsigned) {
    return onStream(stream, [&](Stream& s) {
        return onEvent(event, [&](Event& e) { return wait(s, e); });
    });
}

EXPORT cuEventSynchronize(void* event) {
    return onEvent(event, [](Event& e) { return synchronise(e); });
}

EXPORT cuEventQuery(void* event) {
    return onEvent(event, [](Event& e) -> int {
        if (e.captured)
            return capturedEvent;
        if (!e.ticket || e.ticket->reached)
            return success;
        int code = advance(*e.ticket->stream);
        return code ? code : e.ticket->reached ? success : notReady;
    });
}

EXPORT cuEventElapsedTime(float* milliseconds, void* start, void* end) {
    return onEvent(start, [&](Event& a) -> int {
        return onEvent(end, [&](Event& b) -> int {
            if (a.captured || b.captured)
                return capturedEvent;
            if (!a.timed || !b.timed || !a.ticket || !b.ticket)
                return invalidHandle;
            if (!a.ticket->reached || !b.ticket->reached)
                return notReady;
            *milliseconds = float((b.ticket->seconds - a.ticket->seconds) * 1000);
            return success;
        });
    });
}

// ---- graphs ----

EXPORT cuStreamBeginCapture_v2(void* stream, int mode) {
    return onStream(stream, [&](Stream& s) { return beginCapture(s, mode); });
}

EXPORT cuStreamEndCapture(void* stream, void** graph) {
    return onStream(stream, [&](Stream& s) {
        Graph* captured;
        int code = endCapture(s, captured);
        *graph = captured ? track(captured) : nullptr;
        return code;
    });
}

EXPORT cuStreamIsCapturing(void* stream, int* status) {
    return onStream(stream, [&](Stream& s) {
        *status = !s.capture ? 0 : s.capture->invalid ? 2 : 1;
        return success;
    });
}

namespace {

/// An instantiated graph: the nodes belong to it and to its launches that still wait.
struct GraphExec {
    std::shared_ptr<const Graph> graph;
};

} // namespace

EXPORT cuGraphInstantiateWithFlags(void** exec, void* graph, unsigned long long) {
    return inContext([&](Context&) {
        if (!isLive(graph))
            return invalidValue;
        *exec = track(new GraphExec{std::make_shared<Graph>(*static_cast<Graph*>(graph))});
        return success;
    });
}

EXPORT cuGraphUpload(void* exec, void* stream) {
    return onStream(stream, [&](Stream&) { return isLive(exec) ? success : invalidValue; });
}

EXPORT cuGraphLaunch(void* exec, void* stream) {
    return onStream(stream, [&](Stream& s) -> int {
        if (!isLive(exec))
            return invalidValue;
        auto graph = static_cast<GraphExec*>(exec)->graph;
        return submit(s, "graph", [graph] { return runGraph(*graph); });
    });
}

EXPORT cuGraphGetNodes(void* graph, void** nodes, size_t* count) {
    return call([&] {
        if (!isLive(graph) || nodes) // only their number is known
            return invalidValue;
        *count = static_cast<Graph*>(graph)->nodes.size();
        return success;
    });
}

EXPORT cuGraphExecDestroy(void* exec) {
    return call([&] { return destroy(static_cast<GraphExec*>(exec)); });
}

EXPORT cuGraphDestroy(void* graph) {
    return call([&] { return destroy(static_cast<Graph*>(graph)); });
}

// ---- errors ----

namespace {

struct ErrorText {
    int code;
    const char *name, *text;
};

const ErrorText errors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {401, "CUDA_ERROR_ILLEGAL_STATE",
     "the operation cannot be performed in the present state"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {902, "CUDA_ERROR_STREAM_CAPTURE_MERGE",
     "operation would result in a merge of separate capture sequences"},
    {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the same stream as it began"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
     "dependency created on uncaptured work in another stream"},
    {906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"},
    {908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD",
     "attempt to terminate a thread-local capture sequence from another thread"},
};

const ErrorText* findError(int code) {
    for (auto& error : errors)
        if (error.code == code)
            return &error;
    return nullptr;
}

} // namespace

EXPORT cuGetErrorName(int code, const char** name) {
    auto error = findError(code);
    *name = error ? error->name : nullptr;
    return error ? success : invalidValue;
}

/// Of faults in kernels the text says more than the real driver's would.
EXPORT cuGetErrorString(int code, const char** text) {
    std::lock_guard<std::recursive_mutex> lock(state().mutex);
    auto error = findError(code);
    bool fault = code >= 700 && code < 800 && !state().faultText.empty();
    *text = fault ? state().faultText.c_str() : error ? error->text : nullptr;
    return error ? success : invalidValue;
}
