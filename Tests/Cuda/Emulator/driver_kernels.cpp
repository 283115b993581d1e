// Modules, functions and launches.
#include "driver.h"
#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace driver;

namespace {

struct Module {
    Context* context;
};

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

namespace {

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
        auto* to =
            reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(bytes.data()) + 15) & ~15ul);
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

EXPORT cuLaunchKernel(void* function, unsigned gridX, unsigned gridY, unsigned gridZ,
                      unsigned blockX, unsigned blockY, unsigned blockZ, unsigned shared,
                      void* stream, void** arguments, void** extra) {
    return onStream(stream, [&](Stream& s) -> int {
        if (!isLive(function))
            return invalidHandle;
        auto& kernel = *static_cast<cc::Kernel*>(function);
        cc::Index3 grid{gridX, gridY, gridZ}, block{blockX, blockY, blockZ};
        if (!grid.count() || !block.count() || block.count() > kernel.maxThreads || blockZ > 64
            || gridX > 0x7fffffff || gridY > 65535 || gridZ > 65535 || shared > kernel.sharedLimit
            || extra || (!arguments && !kernel.parameterSizes.empty()))
            return invalidValue;
        auto owned =
            std::make_shared<OwnedLaunch>(cc::Launch{&kernel, grid, block, shared, arguments});
        return submit(s, kernel.name, [owned] { return runLaunch(owned->launch); });
    });
}
