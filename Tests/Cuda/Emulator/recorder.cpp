// The file is "CPUCUDA1" and then records, all numbers little endian: L name grid block shared
// arguments, a launch; M address bytes data, what an allocation holds before the launch that
// follows; R address bytes data, what the launch before has made of it. Both only where the file
// did not say so already: it can be followed without running any kernel.
#include "recorder.h"
#include "memory.h"
#include "settings.h"
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

namespace recorder {

namespace {

struct Recording {
    FILE* file = nullptr;
    std::string path;
    std::map<const char*, uint64_t> contents; // of each allocation, as far as the file tells
} recording;

uint64_t hashOf(const memory::Allocation& a) {
    uint64_t sum = a.bytes, word;
    const char* at = a.address;
    for (size_t i = 0; i < a.bytes; i += sizeof word) {
        word = 0;
        memcpy(&word, at + i, std::min(sizeof word, a.bytes - i));
        sum = (sum ^ word) * 0x9E3779B97F4A7C15ull;
        sum ^= sum >> 29;
    }
    return sum;
}

/// The allocations that arguments point into.
std::map<const char*, const memory::Allocation*> usedBy(const cc::Launch& launch) {
    std::map<const char*, const memory::Allocation*> used;
    auto& sizes = launch.kernel->parameterSizes;
    for (size_t i = 0; i < sizes.size(); i++)
        for (size_t at = 0; at + 8 <= sizes[i]; at += 8) {
            void* pointer;
            memcpy(&pointer, static_cast<char*>(launch.arguments[i]) + at, sizeof pointer);
            if (auto a = memory::find(pointer))
                used[a->address] = a;
        }
    return used;
}

void write(const void* data, size_t bytes) { fwrite(data, 1, bytes, recording.file); }

template <class T> void writeNumber(T value) { write(&value, sizeof value); }

void writeAllocation(int kind, const memory::Allocation& a) {
    writeNumber(kind);
    writeNumber(uint64_t(a.address));
    writeNumber(uint64_t(a.bytes));
    write(a.address, a.bytes);
}

/// Writes what the allocations hold, if it is news.
void writeMemory(int kind, const cc::Launch& launch) {
    for (auto& [address, allocation] : usedBy(launch)) {
        uint64_t hash = hashOf(*allocation);
        auto known = recording.contents.find(address);
        if (known != recording.contents.end() && known->second == hash)
            continue;
        recording.contents[address] = hash;
        writeAllocation(kind, *allocation);
    }
}

void writeLaunch(const cc::Launch& launch) {
    writeNumber(int('L'));
    writeNumber(uint32_t(strlen(launch.kernel->name)));
    write(launch.kernel->name, strlen(launch.kernel->name));
    for (const cc::Index3* size : {&launch.grid, &launch.block}) {
        writeNumber(size->x);
        writeNumber(size->y);
        writeNumber(size->z);
    }
    writeNumber(uint32_t(launch.sharedBytes));
    auto& sizes = launch.kernel->parameterSizes;
    writeNumber(uint32_t(sizes.size()));
    for (size_t i = 0; i < sizes.size(); i++) {
        writeNumber(uint32_t(sizes[i]));
        write(launch.arguments[i], sizes[i]);
    }
}

/// Opens the file that the setting names, closes the one before.
bool isOn() {
    std::string wanted = settings::text("record", "");
    if (wanted != recording.path) {
        if (recording.file)
            fclose(recording.file);
        recording = {wanted.empty() ? nullptr : fopen(wanted.c_str(), "wb"), wanted, {}};
        if (recording.file)
            write("CPUCUDA1", 8);
        else if (!wanted.empty())
            perror(wanted.c_str());
    }
    return recording.file;
}

} // namespace

void beforeLaunch(const cc::Launch& launch) {
    if (!isOn())
        return;
    writeMemory('M', launch);
    writeLaunch(launch);
}

void afterLaunch(const cc::Launch& launch) {
    if (!recording.file)
        return;
    writeMemory('R', launch);
    fflush(recording.file);
}

} // namespace recorder
