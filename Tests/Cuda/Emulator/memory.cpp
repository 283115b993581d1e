#include "memory.h"
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <sys/mman.h>

namespace memory {

namespace {

constexpr size_t pageSize = 4096;
constexpr unsigned char fresh = 0xFF;  // NaN as a float, -1 as an integer
constexpr unsigned char border = 0xA5; // around an allocation, within its pages
constexpr size_t nearBytes = 64, wholePages = pageSize;

// Device memory lives where nothing else is put, at the same addresses in every run, and no address
// is used twice: what follows a freed pointer faults. Room for 440 GB of allocations, below
// ThreadSanitizer's own memory.
constexpr uintptr_t arenaBegin = 0x001000000000, arenaEnd = 0x007F00000000;

struct Arena {
    uintptr_t next = arenaBegin;
    std::map<const char*, Allocation> live; // by address
    std::vector<Allocation> freed;          // the latest, for messages
    std::map<int, size_t> used, peak;
    std::map<char*, size_t> registered;
};

Arena& arena() {
    static auto* only = new Arena;
    return *only;
}

char* mapPages(size_t bytes) {
    Arena& a = arena();
    while (a.next + bytes + 2 * pageSize < arenaEnd) {
        void* wanted = reinterpret_cast<void*>(a.next + pageSize);
        a.next += bytes + 2 * pageSize;
        void* got = mmap(wanted, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (got == wanted)
            return static_cast<char*>(got);
        if (got != MAP_FAILED)
            munmap(got, bytes);
    }
    return nullptr;
}

void drawBorder(const Allocation& a) {
    char* end = a.address + a.bytes;
    memset(a.pages, border, a.address - a.pages);
    memset(end, border, a.pages + a.pageBytes - end);
}

bool allBorder(const char* from, const char* to) {
    for (; from < to; from++)
        if (static_cast<unsigned char>(*from) != border)
            return false;
    return true;
}

/// Looks at the bytes behind an allocation and at so many before it.
std::string damageOf(const Allocation& a, size_t before) {
    const char* end = a.address + a.bytes;
    const char* begin = a.address - std::min<size_t>(before, a.address - a.pages);
    const char* side = !allBorder(end, a.pages + a.pageBytes) ? "past the end of"
                       : !allBorder(begin, a.address)         ? "before the start of"
                                                              : nullptr;
    return side ? "wrote " + std::string(side) + " an allocation of " + std::to_string(a.bytes)
                      + " bytes"
                : "";
}

} // namespace

char* allocate(int device, size_t bytes) {
    Arena& a = arena();
    size_t aligned = (bytes + 15) & ~size_t(15);
    size_t pageBytes = (aligned + pageSize - 1) & ~(pageSize - 1);
    char* pages = mapPages(pageBytes);
    if (!pages)
        return nullptr;
    char* address = pages + pageBytes - aligned;
    memset(address, fresh, bytes);
    drawBorder(a.live[address] = {address, bytes, pages, pageBytes, device});
    a.used[device] += bytes;
    a.peak[device] = std::max(a.peak[device], a.used[device]);
    return address;
}

bool release(int device, void* address, std::string& damage) {
    Arena& a = arena();
    auto found = a.live.find(static_cast<char*>(address));
    if (found == a.live.end() || (found->second.device < 0) != (device < 0))
        return false;
    Allocation& gone = found->second;
    damage = damageOf(gone, wholePages);
    munmap(gone.pages, gone.pageBytes);
    a.used[gone.device] -= gone.bytes;
    if (a.freed.size() == 256)
        a.freed.erase(a.freed.begin());
    a.freed.push_back(gone);
    a.live.erase(found);
    return true;
}

void releaseAll(int device) {
    std::string ignored;
    for (const Allocation* a : all(device))
        release(device, a->address, ignored);
}

const Allocation* find(const void* address) {
    auto& live = arena().live;
    auto after = live.upper_bound(static_cast<const char*>(address));
    if (after == live.begin())
        return nullptr;
    const Allocation& a = std::prev(after)->second;
    return static_cast<const char*>(address) < a.address + std::max<size_t>(a.bytes, 1) ? &a
                                                                                        : nullptr;
}

bool contains(const void* address, size_t bytes) {
    const Allocation* a = find(address);
    return a && a->device >= 0
           && static_cast<const char*>(address) + bytes <= a->address + a->bytes;
}

bool pageLocked(const void* address) {
    const Allocation* a = find(address);
    if (a)
        return a->device < 0;
    auto& registered = arena().registered;
    auto after = registered.upper_bound(static_cast<char*>(const_cast<void*>(address)));
    return after != registered.begin()
           && static_cast<const char*>(address)
                  < std::prev(after)->first + std::prev(after)->second;
}

void registerHost(void* address, size_t bytes) {
    arena().registered[static_cast<char*>(address)] = bytes;
}

bool unregisterHost(void* address) {
    return arena().registered.erase(static_cast<char*>(address)) > 0;
}

std::vector<const Allocation*> all(int device) {
    std::vector<const Allocation*> found;
    for (auto& entry : arena().live)
        if (entry.second.device == device)
            found.push_back(&entry.second);
    return found;
}

size_t used(int device) { return arena().used[device]; }
size_t peak(int device) { return arena().peak[device]; }

std::string damage() {
    for (auto& entry : arena().live) {
        const Allocation& a = entry.second;
        std::string found = damageOf(a, nearBytes);
        if (!found.empty()) {
            drawBorder(a);
            return found;
        }
    }
    return "";
}

void describe(const void* address, char* text, size_t room) {
    auto at = static_cast<const char*>(address);
    for (auto& entry : arena().live) {
        const Allocation& a = entry.second;
        if (at >= a.pages + a.pageBytes && at < a.pages + a.pageBytes + pageSize) {
            snprintf(text, room, "access %zu bytes past the end of an allocation of %zu bytes",
                     size_t(at - (a.address + a.bytes)), a.bytes);
            return;
        }
        if (at < a.pages && at >= a.pages - pageSize) {
            snprintf(text, room, "access %zu bytes before an allocation of %zu bytes",
                     size_t(a.address - at), a.bytes);
            return;
        }
    }
    for (const Allocation& a : arena().freed)
        if (at >= a.pages && at < a.pages + a.pageBytes) {
            snprintf(text, room, "access to an allocation of %zu bytes after it was freed",
                     a.bytes);
            return;
        }
    snprintf(text, room, "access to address %p, which is no device memory", address);
}

} // namespace memory
