// Memory, copies and fills.
#include "driver.h"
#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace driver;

EXPORT cuMemAlloc_v2(Pointer* address, size_t bytes) {
    return inContext([&](Context& context) -> int {
        if (int code = forbiddenInCapture())
            return code;
        if (!bytes)
            return invalidValue;
        char* memory =
            bytes <= freeBytes(context.device) ? memory::allocate(context.device, bytes) : nullptr;
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
    return inContext(
        [&](Context&) { return memory::unregisterHost(address) ? success : invalidValue; });
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
        return submit(s, "memset",
                      [=] { return std::fill_n(static_cast<T*>(host(to)), count, value), 0; });
    });
}

} // namespace

// Host memory that is not page-locked is read before the call returns, and written before it
// returns, as the real driver does; page-locked memory is read and written when the copy's turn
// comes.

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
