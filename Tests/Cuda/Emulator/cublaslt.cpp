// A stand-in for libcublasLt: the calls that a matrix product needs, checked as strictly as the
// real library does or more so. What it accepts the real one accepts; what it refuses the real one
// may still do.
#include "product.h"
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <type_traits>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default"))) int

extern "C" {
int cpucuda_submit(void* stream, const char* name, int (*work)(const void*), const void* payload,
                   size_t bytes);
int cpucuda_is_device_memory(unsigned long long address, size_t bytes);
}

using namespace product;

namespace {

enum Status {
    success = 0,
    notInitialised = 1,
    invalidValue = 7,
    executionFailed = 13,
    notSupported = 15
};
enum Epilogue { plain = 1, addBias = 4 };

struct Descriptor {
    int compute, scale;
    int pointerMode = 0, transposeA = 0, transposeB = 0, epilogue = plain, biasType = -1;
    const float* bias = nullptr;
};

struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t stride;
    int order = 0; // 0 by columns, 1 by rows
    int32_t batch = 1;
};

struct Preference {
    uint64_t workspace = 0;
    uint32_t alignment[4] = {256, 256, 256, 256};
};

struct Handle {};

/// What a heuristic puts into the opaque 64 bytes of an algorithm.
struct Algorithm {
    uint64_t mark, shape, workspace;
    uint32_t alignment[4];
};

struct HeuristicResult {
    union {
        Algorithm own;
        uint64_t opaque[8];
    } algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(HeuristicResult) == 96);

constexpr uint64_t algorithmMark = 0x6d6c61646e617473;
constexpr uint64_t wantedWorkspace = 64 * 1024;

std::set<void*>& live() {
    static auto* all = new std::set<void*>;
    return *all;
}

template <class T> int create(void** handle, T value) {
    *handle = new T(value);
    live().insert(*handle);
    return success;
}

template <class T> int destroy(void* handle) {
    if (!live().erase(handle))
        return invalidValue;
    delete static_cast<T*>(handle);
    return success;
}

template <class T> int setTo(T& field, const void* value, size_t bytes) {
    if (bytes != sizeof(T))
        return invalidValue;
    memcpy(&field, value, bytes);
    return success;
}

size_t sizeOf(int type) { return type == real32 ? 4 : 2; }

bool isFit(const Layout& l) {
    int64_t least = l.order ? l.columns : l.rows;
    return l.rows > 0 && l.columns > 0 && l.stride >= least && (l.order == 0 || l.order == 1);
}

size_t bytesOf(const Layout& l) {
    uint64_t lines = l.order ? l.rows : l.columns, length = l.order ? l.columns : l.rows;
    return ((lines - 1) * l.stride + length) * sizeOf(l.type);
}

/// The whole problem, as far as an algorithm depends on it.
struct Problem {
    Descriptor descriptor;
    Layout a, b, c, d;

    uint64_t rows() const { return d.rows; }
    uint64_t columns() const { return d.columns; }
    uint64_t depth() const { return descriptor.transposeA ? a.rows : a.columns; }
};

int check(const Problem& p) {
    const Descriptor& how = p.descriptor;
    for (const Layout* l : {&p.a, &p.b, &p.c, &p.d}) {
        if (!isFit(*l))
            return invalidValue;
        if (l->type != real32 && l->type != realBf16)
            return notSupported;
        if (l->batch != 1)
            return notSupported;
    }
    uint64_t rowsA = how.transposeA ? p.a.columns : p.a.rows;
    uint64_t depthB = how.transposeB ? p.b.columns : p.b.rows;
    uint64_t columnsB = how.transposeB ? p.b.rows : p.b.columns;
    if (rowsA != p.d.rows || columnsB != p.d.columns || depthB != p.depth() || p.c.rows != p.d.rows
        || p.c.columns != p.d.columns)
        return invalidValue;
    if (how.pointerMode != 0 || how.scale != real32)
        return notSupported;
    if (p.a.type != p.b.type || p.c.type != p.d.type || p.c.order != p.d.order)
        return notSupported;
    bool fast = how.compute == computeTf32 || how.compute == computeBf16;
    if (how.compute != compute32 && !fast)
        return notSupported;
    if (p.a.type == real32 && p.d.type != real32)
        return notSupported;
    if (fast && p.a.type != real32)
        return notSupported;
    if (how.epilogue != plain && how.epilogue != addBias)
        return notSupported;
    if (how.epilogue == addBias
        && (p.d.order != 0 || (how.biasType >= 0 && how.biasType != p.d.type)))
        return notSupported;
    return success;
}

/// A number that is equal for problems that may share an algorithm.
uint64_t shapeOf(const Problem& p) {
    uint64_t sum = 14695981039346656037ull;
    auto add = [&](uint64_t value) { sum = (sum ^ value) * 1099511628211ull; };
    for (const Layout* l : {&p.a, &p.b, &p.c, &p.d})
        for (uint64_t value :
             {uint64_t(l->type), l->rows, l->columns, uint64_t(l->stride), uint64_t(l->order)})
            add(value);
    const Descriptor& how = p.descriptor;
    for (int value : {how.compute, how.transposeA, how.transposeB, how.epilogue})
        add(value);
    return sum;
}

View viewOf(const Layout& l, const void* data, bool transpose, int compute) {
    View view{data, l.type, compute, l.order ? l.stride : 1, l.order ? 1 : l.stride};
    return transpose ? view.transposed() : view;
}

/// Results by columns are computed transposed, so that the inner loops always write along a row.
Product productOf(const Problem& q, float alpha, const void* a, const void* b, float beta,
                  const void* c, void* d) {
    const Descriptor& how = q.descriptor;
    View viewA = viewOf(q.a, a, how.transposeA, how.compute);
    View viewB = viewOf(q.b, b, how.transposeB, how.compute);
    View viewC = viewOf(q.c, c, false, compute32);
    Product p = {};
    p.d = d;
    p.type = q.d.type;
    p.depth = q.depth();
    p.alpha = alpha;
    p.beta = beta;
    p.bias = how.epilogue == addBias ? how.bias : nullptr;
    p.down = q.d.stride;
    p.right = 1;
    if (q.d.order) {
        p.a = viewA, p.b = viewB, p.c = viewC;
        p.rows = q.rows(), p.columns = q.columns();
        p.biasByRow = true;
    } else {
        p.a = viewB.transposed(), p.b = viewA.transposed(), p.c = viewC.transposed();
        p.rows = q.columns(), p.columns = q.rows();
    }
    return p;
}

bool known(std::initializer_list<const void*> handles) {
    for (const void* handle : handles)
        if (!live().count(const_cast<void*>(handle)))
            return false;
    return true;
}

Problem problemOf(const void* descriptor, const void* a, const void* b, const void* c,
                  const void* d) {
    auto layout = [](const void* l) { return *static_cast<const Layout*>(l); };
    return {*static_cast<const Descriptor*>(descriptor), layout(a), layout(b), layout(c),
            layout(d)};
}

} // namespace

// ---- the library's symbols ----

EXPORT cublasLtCreate(void** handle) { return create(handle, Handle{}); }
EXPORT cublasLtDestroy(void* handle) { return destroy<Handle>(handle); }

extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return 120804; }

EXPORT cublasLtMatmulDescCreate(void** descriptor, int compute, int scale) {
    return create(descriptor, Descriptor{compute, scale});
}

EXPORT cublasLtMatmulDescSetAttribute(void* descriptor, int attribute, const void* value,
                                      size_t bytes) {
    if (!known({descriptor}) || !value)
        return invalidValue;
    auto& d = *static_cast<Descriptor*>(descriptor);
    switch (attribute) {
    case 0:
        return setTo(d.compute, value, bytes);
    case 1:
        return setTo(d.scale, value, bytes);
    case 2:
        return setTo(d.pointerMode, value, bytes);
    case 3:
        return setTo(d.transposeA, value, bytes);
    case 4:
        return setTo(d.transposeB, value, bytes);
    case 7:
        return setTo(d.epilogue, value, bytes);
    case 8:
        return setTo(d.bias, value, bytes);
    case 26:
        return setTo(d.biasType, value, bytes);
    default:
        return notSupported;
    }
}

EXPORT cublasLtMatmulDescDestroy(void* descriptor) { return destroy<Descriptor>(descriptor); }

EXPORT cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns,
                                  int64_t stride) {
    return create(layout, Layout{type, rows, columns, stride});
}

EXPORT cublasLtMatrixLayoutSetAttribute(void* layout, int attribute, const void* value,
                                        size_t bytes) {
    if (!known({layout}) || !value)
        return invalidValue;
    auto& l = *static_cast<Layout*>(layout);
    switch (attribute) {
    case 0:
        return setTo(l.type, value, bytes);
    case 1:
        return setTo(l.order, value, bytes);
    case 2:
        return setTo(l.rows, value, bytes);
    case 3:
        return setTo(l.columns, value, bytes);
    case 4:
        return setTo(l.stride, value, bytes);
    case 5:
        return setTo(l.batch, value, bytes);
    default:
        return notSupported;
    }
}

EXPORT cublasLtMatrixLayoutDestroy(void* layout) { return destroy<Layout>(layout); }

EXPORT cublasLtMatmulPreferenceCreate(void** preference) {
    return create(preference, Preference{});
}

EXPORT cublasLtMatmulPreferenceSetAttribute(void* preference, int attribute, const void* value,
                                            size_t bytes) {
    if (!known({preference}) || !value)
        return invalidValue;
    auto& p = *static_cast<Preference*>(preference);
    if (attribute == 1)
        return setTo(p.workspace, value, bytes);
    if (attribute >= 5 && attribute <= 8)
        return setTo(p.alignment[attribute - 5], value, bytes);
    return notSupported;
}

EXPORT cublasLtMatmulPreferenceDestroy(void* preference) { return destroy<Preference>(preference); }

EXPORT cublasLtMatmulAlgoGetHeuristic(void* handle, void* descriptor, void* a, void* b, void* c,
                                      void* d, void* preference, int wanted,
                                      HeuristicResult* results, int* count) {
    if (!known({handle, descriptor, a, b, c, d, preference}) || wanted < 1 || !results || !count)
        return invalidValue;
    *count = 0;
    Problem problem = problemOf(descriptor, a, b, c, d);
    if (int status = check(problem))
        return status;
    auto& wishes = *static_cast<Preference*>(preference);
    uint64_t workspace = wishes.workspace >= wantedWorkspace ? wantedWorkspace : 0;
    memset(results, 0, sizeof *results);
    Algorithm& algorithm = results->algorithm.own;
    algorithm = {algorithmMark, shapeOf(problem), workspace, {}};
    memcpy(algorithm.alignment, wishes.alignment, sizeof wishes.alignment);
    results->workspace = workspace;
    results->waves = 1;
    *count = 1;
    return success;
}

EXPORT cublasLtMatmul(void* handle, void* descriptor, const float* alpha, const void* a,
                      void* layoutA, const void* b, void* layoutB, const float* beta, const void* c,
                      void* layoutC, void* d, void* layoutD, const Algorithm* algorithm,
                      void* workspace, size_t workspaceBytes, void* stream) {
    if (!known({handle, descriptor, layoutA, layoutB, layoutC, layoutD}) || !alpha || !beta)
        return invalidValue;
    Problem problem = problemOf(descriptor, layoutA, layoutB, layoutC, layoutD);
    if (int status = check(problem))
        return status;
    Product product = productOf(problem, *alpha, a, b, *beta, c, d);
    struct {
        const void* data;
        const Layout& layout;
    } operands[] = {{a, problem.a}, {b, problem.b}, {c, problem.c}, {d, problem.d}};
    for (int i = 0; i < 4; i++) {
        if (i == 2 && *beta == 0)
            continue;
        auto address = reinterpret_cast<unsigned long long>(operands[i].data);
        // No allocation is aligned to more than 16 bytes here.
        unsigned alignment = algorithm ? std::min(algorithm->alignment[i], 16u) : 1;
        if (address % sizeOf(operands[i].layout.type) || (alignment && address % alignment)
            || !cpucuda_is_device_memory(address, bytesOf(operands[i].layout)))
            return invalidValue;
    }
    if (problem.descriptor.epilogue == addBias
        && !cpucuda_is_device_memory(reinterpret_cast<unsigned long long>(product.bias),
                                     problem.rows() * sizeOf(problem.d.type)))
        return invalidValue;
    if (algorithm) {
        if (algorithm->mark != algorithmMark || algorithm->shape != shapeOf(problem))
            return invalidValue;
        product.workspace = workspace;
        product.workspaceBytes = algorithm->workspace;
        if (workspaceBytes < algorithm->workspace
            || (algorithm->workspace
                && !cpucuda_is_device_memory(reinterpret_cast<unsigned long long>(workspace),
                                             workspaceBytes)))
            return invalidValue;
    }
    return cpucuda_submit(stream, "cublasLtMatmul", multiply, &product, sizeof product)
               ? executionFailed
               : success;
}

extern "C" __attribute__((visibility("default"))) const char* cublasLtGetStatusString(int status) {
    switch (status) {
    case success:
        return "CUBLAS_STATUS_SUCCESS";
    case notInitialised:
        return "CUBLAS_STATUS_NOT_INITIALIZED";
    case invalidValue:
        return "CUBLAS_STATUS_INVALID_VALUE";
    case executionFailed:
        return "CUBLAS_STATUS_EXECUTION_FAILED";
    case notSupported:
        return "CUBLAS_STATUS_NOT_SUPPORTED";
    default:
        return "CUBLAS_STATUS_INTERNAL_ERROR";
    }
}
