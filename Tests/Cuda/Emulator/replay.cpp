// Runs recorded launches again: replay RECORDING [SCHEDULE…]. Prints every launch whose result is
// another one than the recorded, or that faults, once for each schedule; kernels that the library
// lacks are passed over. Built for the race check it only runs them; ThreadSanitizer's reports then
// go to stderr and make the exit code 66.
#include "cuda.hpp"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <sys/mman.h>

void* module;

namespace {

struct Contents {
    uint64_t address;
    std::vector<char> data;

    char* place() const { return reinterpret_cast<char*>(address); }
};

struct Launch {
    std::string name;
    uint32_t sizes[7]; // grid, block, shared bytes
    std::vector<std::vector<char>> arguments;
    std::vector<Contents> before, after;
};

[[noreturn]] void stop(const char* why) {
    fprintf(stderr, "replay: %s\n", why);
    exit(3);
}

struct Reader {
    FILE* file;

    bool take(void* to, size_t bytes) { return fread(to, 1, bytes, file) == bytes; }

    template <class T> T number() {
        T value;
        if (!take(&value, sizeof value))
            stop("the recording ends too early");
        return value;
    }

    std::vector<char> bytes(size_t count) {
        std::vector<char> data(count);
        if (!take(data.data(), count))
            stop("the recording ends too early");
        return data;
    }

    Contents contents() {
        auto address = number<uint64_t>();
        return {address, bytes(number<uint64_t>())};
    }

    void launch(Launch& l) {
        auto name = bytes(number<uint32_t>());
        l.name.assign(name.begin(), name.end());
        for (uint32_t& size : l.sizes)
            size = number<uint32_t>();
        for (auto count = number<uint32_t>(); count > 0; count--)
            l.arguments.push_back(bytes(number<uint32_t>()));
    }
};

std::vector<Launch> read(const char* path) {
    Reader in{fopen(path, "rb")};
    char mark[8];
    if (!in.file || !in.take(mark, 8) || memcmp(mark, "CPUCUDA1", 8))
        stop("no recording");
    std::vector<Launch> all;
    std::vector<Contents> before;
    for (int kind; in.take(&kind, 4);)
        if (kind == 'M')
            before.push_back(in.contents());
        else if (kind == 'R')
            all.back().after.push_back(in.contents());
        else {
            all.push_back({});
            all.back().before.swap(before);
            in.launch(all.back());
        }
    fclose(in.file);
    return all;
}

/// Makes an allocation where it was when it was recorded, ending at an unmapped page.
void restore(const Contents& c) {
    constexpr uintptr_t page = 4096;
    uintptr_t begin = c.address & ~(page - 1),
              end = (c.address + c.data.size() + page - 1) & ~(page - 1);
    void* mapped = mmap(reinterpret_cast<void*>(begin), end - begin, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (mapped == MAP_FAILED && errno != EEXIST)
        stop("cannot map the recorded memory");
    memcpy(c.place(), c.data.data(), c.data.size());
}

int run(void* function, const Launch& l) {
    std::vector<void*> pointers;
    for (auto& argument : l.arguments)
        pointers.push_back(const_cast<char*>(argument.data()));
    pointers.push_back(nullptr);
    if (l.sizes[6] > 48 * 1024)
        MUST(cuFuncSetAttribute(function, 8, l.sizes[6]));
    return cuLaunchKernel(function, l.sizes[0], l.sizes[1], l.sizes[2], l.sizes[3], l.sizes[4],
                          l.sizes[5], l.sizes[6], nullptr, pointers.data(), nullptr);
}

[[maybe_unused]] uint64_t threadsOf(const Launch& l) {
    return std::accumulate(l.sizes, l.sizes + 6, uint64_t(1), std::multiplies<uint64_t>());
}

/// Which launches are worth their time: the race check is slow, so there, of a kernel with many
/// threads, only every so many-th launch runs.
std::vector<bool> wanted(const std::vector<Launch>& launches) {
    std::vector<bool> chosen(launches.size(), true);
#ifdef CPU_CUDA_RACECHECK
    const char* set = getenv("REPLAY_THREADS");
    const uint64_t enough = set ? atoll(set) : 60000;
    std::map<std::string, uint64_t> threads, seen;
    for (auto& l : launches)
        threads[l.name] += threadsOf(l);
    for (size_t i = 0; i < launches.size(); i++) {
        const std::string& name = launches[i].name;
        chosen[i] = seen[name]++ % (1 + threads[name] / enough) == 0;
    }
#endif
    return chosen;
}

/// Runs all launches; returns how many differ or fault.
int replay(const std::vector<Launch>& launches, const std::string& schedule) {
    int wrong = 0;
    auto chosen = wanted(launches);
    for (size_t i = 0; i < launches.size(); i++) {
        const Launch& l = launches[i];
        for (auto& contents : l.before)
            restore(contents);
        void* function;
        if (chosen[i] && cuModuleGetFunction(&function, module, l.name.c_str()) == 0) {
            int code = run(function, l);
            auto differs = [](const Contents& c) {
                return memcmp(c.place(), c.data.data(), c.data.size());
            };
            bool isRight = code == 0 && std::none_of(l.after.begin(), l.after.end(), differs);
            if (!isRight) {
                wrong++;
                printf("%s %zu %s %s\n", code ? "fault" : "differs", i, l.name.c_str(),
                       schedule.c_str());
                cpucuda_forget_fault();
            }
        }
        for (auto& contents : l.after)
            restore(contents);
    }
    return wrong;
}

} // namespace

int main(int count, char** arguments) {
    if (count < 2)
        stop("which recording?");
    auto launches = read(arguments[1]);
    void* context;
    cpucuda_set("threads", "1");
    MUST(cuInit(0));
    MUST(cuDevicePrimaryCtxRetain(&context, 0));
    MUST(cuCtxSetCurrent(context));
    MUST(cuModuleLoadData(&module, ""));
    std::vector<std::string> schedules(arguments + 2, arguments + count);
    if (schedules.empty())
        schedules = {"round-robin"};
    int wrong = 0;
    for (auto& schedule : schedules) {
        cpucuda_set("schedule", schedule.c_str());
        wrong += replay(launches, schedule);
    }
    return wrong ? 1 : 0;
}
