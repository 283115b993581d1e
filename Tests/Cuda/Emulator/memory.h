// Device and page-locked memory: every allocation by itself between unmapped pages.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace memory {

struct Allocation {
    char* address; // what the program got: ends at an unmapped page, up to 15 bytes of slack
    size_t bytes;
    char* pages;
    size_t pageBytes;
    int device; // -1: page-locked host memory
};

/// Null when `device` has not that much memory left.
char* allocate(int device, size_t bytes);
/// False when no allocation begins at `address`. `damage`: what was written just outside of it, or
/// "".
bool release(int device, void* address, std::string& damage);
void releaseAll(int device);

/// The allocation that `address` lies in; null if none.
const Allocation* find(const void* address);
/// Whether bytes address .. address+bytes-1 lie in one allocation of a device.
bool contains(const void* address, size_t bytes);
bool pageLocked(const void* address);
void registerHost(void* address, size_t bytes);
bool unregisterHost(void* address);

std::vector<const Allocation*> all(int device);
size_t used(int device), peak(int device);

/// Looks for writes close to the borders of all allocations; "" if there are none. Mends what it
/// finds.
std::string damage();

/// Says what a faulting address is near to.
void describe(const void* address, char* text, size_t room);

} // namespace memory
