// Tests of the emulator itself: what it computes, what it refuses, which mistakes it notices.
#include "cuda.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>

void* module;

namespace {

int failures = 0;
bool recording = false; // for the race check: only what is right, once
const char* test = "";

void expect(bool holds, const std::string& what) {
    if (!holds) {
        failures++;
        printf("FAILED %s: %s\n", test, what.c_str());
    }
}

template <class A, class B> void same(A wanted, B found, const std::string& what) {
    expect(wanted == A(found),
           what + ": " + std::to_string(found) + ", not " + std::to_string(wanted));
}

void near(double wanted, double found, double allowed, const std::string& what) {
    expect(fabs(wanted - found) <= allowed,
           what + ": " + std::to_string(found) + ", not " + std::to_string(wanted));
}

/// A kernel must fail with this error, and leave this in the error's text.
void faults(int code, const char* words, std::function<int()> work) {
    int found = work();
    if (!found)
        found = cuCtxSynchronize();
    const char* text = "";
    cuGetErrorString(found, &text);
    expect(found == code && text && strstr(text, words),
           "error " + std::to_string(found) + " (" + (text ? text : "") + "), not "
               + std::to_string(code) + " (" + words + ")");
    cpucuda_forget_fault();
}

std::vector<float> numbers(size_t count, unsigned seed) {
    std::vector<float> values(count);
    for (float& value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = float(seed >> 8) / 8388608.0f - 1.0f;
    }
    return values;
}

void inEverySchedule(std::function<void()> work) {
    for (int schedule = 0; schedule < (recording ? 1 : 5); schedule++) {
        cpucuda_set_schedule(schedule, 7);
        work();
    }
    cpucuda_set_schedule(0, 1);
}

struct Test {
    const char* name;
    void (*body)();
    bool isRight = true; // its kernels make no mistakes
};

// In this order: each uses what the ones before it define.
// clang-format off
#include "selftest_machine.inc"
#include "selftest_driver.inc"
#include "selftest_cublaslt.inc"
// clang-format on

} // namespace

/// Without arguments runs all tests; with a file's name writes the launches of right kernels there.
int main(int count, char** arguments) {
    void* context;
    recording = count > 1;
    if (recording)
        cpucuda_set("record", arguments[1]);
    MUST(cuInit(0));
    MUST(cuDevicePrimaryCtxRetain(&context, 0));
    MUST(cuCtxSetCurrent(context));
    MUST(cuModuleLoadData(&module, ""));
    for (auto& tests : {machineTests(), driverTests(), cublasLtTests()})
        for (auto& entry : tests) {
            if (recording && !entry.isRight)
                continue;
            test = entry.name;
            int before = failures;
            entry.body();
            printf("%s %s\n", failures == before ? "passed" : "FAILED", test);
        }
    printf(failures ? "%d expectations failed\n" : "all passed\n", failures);
    return failures ? 1 : 0;
}
