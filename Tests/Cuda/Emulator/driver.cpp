// The driver's state, and the calls that are the emulator's own.
#include "driver.h"
#include "recorder.h"
#include <cstdio>
#include <sstream>

namespace driver {

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

} // namespace driver

using namespace driver;

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
            abandon(*s);
    }
    state().faultText.clear();
    return success;
}

/// Bytes and number of allocations on a device, the largest number of bytes so far, and the number
/// of launches.
EXPORT cpucuda_usage(int device, size_t* bytes, size_t* allocations, size_t* peak,
                     size_t* launches) {
    std::lock_guard<std::recursive_mutex> lock(state().mutex);
    *bytes = memory::used(device);
    *allocations = memory::all(device).size();
    *peak = memory::peak(device);
    *launches = state().launches;
    return success;
}

/// Gives work to a stream on behalf of another library; `payload` is copied. A result other than 0
/// is a fault.
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
