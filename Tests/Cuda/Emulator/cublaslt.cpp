// A stand-in for libcublasLt: the calls that a matrix product needs, checked as strictly as the real library
// does or more so. What it accepts the real one accepts; what it refuses the real one may still do.
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
void cpucuda_parallel(uint64_t count, void (*body)(uint64_t, void*), void* argument);
}

namespace {

enum Status { success = 0, notInitialised = 1, invalidValue = 7, executionFailed = 13, notSupported = 15 };
enum Type { real32 = 0, realBf16 = 14 };
enum Compute { compute32 = 68, computeBf16 = 75, computeTf32 = 77 };
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
    if (how.epilogue == addBias && (p.d.order != 0 || (how.biasType >= 0 && how.biasType != p.d.type)))
        return notSupported;
    return success;
}

/// A number that is equal for problems that may share an algorithm.
uint64_t shapeOf(const Problem& p) {
    uint64_t sum = 14695981039346656037ull;
    auto add = [&](uint64_t value) { sum = (sum ^ value) * 1099511628211ull; };
    for (const Layout* l : {&p.a, &p.b, &p.c, &p.d})
        for (uint64_t value : {uint64_t(l->type), l->rows, l->columns, uint64_t(l->stride), uint64_t(l->order)})
            add(value);
    const Descriptor& how = p.descriptor;
    for (int value : {how.compute, how.transposeA, how.transposeB, how.epilogue})
        add(value);
    return sum;
}

// ---- the product ----

float fromBf16(uint16_t half) {
    uint32_t word = uint32_t(half) << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

uint16_t toBf16(float value) {
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    if ((word & 0x7fffffffu) > 0x7f800000u)
        return uint16_t(word >> 16 | 0x40);
    return uint16_t((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

/// Rounded to 10 bits of mantissa, to nearest, ties away from zero.
float toTf32(float value) {
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    if ((word & 0x7f800000u) != 0x7f800000u)
        word = (word + 0x1000u) & 0xffffe000u;
    memcpy(&value, &word, sizeof value);
    return value;
}

/// Element (i, j) of a matrix lies at i·down + j·right.
struct View {
    const void* data;
    int type, compute;
    int64_t down, right;

    float at(int64_t i, int64_t j) const {
        int64_t place = i * down + j * right;
        if (type == realBf16)
            return fromBf16(static_cast<const uint16_t*>(data)[place]);
        float value = static_cast<const float*>(data)[place];
        return compute == computeTf32   ? toTf32(value)
               : compute == computeBf16 ? fromBf16(toBf16(value))
                                        : value;
    }

    View transposed() const { return {data, type, compute, right, down}; }
};

View viewOf(const Layout& l, const void* data, bool transpose, int compute) {
    View view{data, l.type, compute, l.order ? l.stride : 1, l.order ? 1 : l.stride};
    return transpose ? view.transposed() : view;
}

#ifdef __AVX512F__
constexpr int vectorFloats = 16, tileRows = 12;
#else
constexpr int vectorFloats = 8, tileRows = 6;
#endif
constexpr int tileColumns = 2 * vectorFloats;
constexpr int64_t blockRows = 16 * tileRows, blockColumns = 16 * tileColumns, blockDepth = 256;

typedef float Vector __attribute__((vector_size(vectorFloats * 4), aligned(4)));

/// sums (tileRows, tileColumns) += a panel (depth, tileRows) · a panel (depth, tileColumns).
void multiplyTile(int64_t depth, const float* a, const float* b, float* sums, int64_t stride) {
    Vector total[tileRows][2];
    for (int i = 0; i < tileRows; i++)
        for (int j = 0; j < 2; j++)
            total[i][j] = *reinterpret_cast<const Vector*>(sums + i * stride + j * vectorFloats);
    for (int64_t k = 0; k < depth; k++) {
        Vector left = reinterpret_cast<const Vector*>(b)[0], right = reinterpret_cast<const Vector*>(b)[1];
#pragma GCC unroll 16
        for (int i = 0; i < tileRows; i++) {
            total[i][0] += a[i] * left;
            total[i][1] += a[i] * right;
        }
        a += tileRows;
        b += tileColumns;
    }
    for (int i = 0; i < tileRows; i++)
        for (int j = 0; j < 2; j++)
            *reinterpret_cast<Vector*>(sums + i * stride + j * vectorFloats) = total[i][j];
}

/// Packs lines × depth elements into panels of `width` lines, filled up with zeros.
template <class At> void pack(float* to, int64_t lines, int64_t depth, int width, At at) {
    for (int64_t first = 0; first < lines; first += width)
        for (int64_t k = 0; k < depth; k++)
            for (int i = 0; i < width; i++)
                *to++ = first + i < lines ? at(first + i, k) : 0.0f;
}

/// Calls `body` with a function that reads an element, resolved outside of the loops.
template <class Body> void withReader(const View& view, Body body) {
    if (view.type == realBf16)
        body([=](int64_t i, int64_t j) {
            return fromBf16(static_cast<const uint16_t*>(view.data)[i * view.down + j * view.right]);
        });
    else if (view.compute == compute32)
        body([=](int64_t i, int64_t j) {
            return static_cast<const float*>(view.data)[i * view.down + j * view.right];
        });
    else
        body([=](int64_t i, int64_t j) { return view.at(i, j); });
}

/// What the queue keeps of a call.
struct Product {
    View a, b, c;
    void* d;
    int type;
    int64_t rows, columns, depth, down, right; // of the result
    float alpha, beta;
    const void* bias; // along the rows or the columns of the result
    bool biasByRow;
    void* workspace;
    size_t workspaceBytes;
};

void store(const Product& p, int64_t i, int64_t j, float sum) {
    float value = p.alpha * sum;
    if (p.beta != 0)
        value += p.beta * p.c.at(i, j);
    if (p.bias) {
        int64_t place = p.biasByRow ? i : j;
        value += p.type == real32 ? static_cast<const float*>(p.bias)[place]
                                  : fromBf16(static_cast<const uint16_t*>(p.bias)[place]);
    }
    int64_t place = i * p.down + j * p.right;
    if (p.type == real32)
        static_cast<float*>(p.d)[place] = value;
    else
        static_cast<uint16_t*>(p.d)[place] = toBf16(value);
}

int64_t blocksIn(int64_t length, int64_t block) { return (length + block - 1) / block; }

/// One block of the result, all of its depth: the order of the sums does not depend on who computes it.
void multiplyBlock(uint64_t number, void* argument) {
    const Product& p = *static_cast<const Product*>(argument);
    static thread_local std::vector<float> a(blockRows * blockDepth), b(blockColumns * blockDepth),
        sums(blockRows * blockColumns);
    int64_t across = blocksIn(p.columns, blockColumns);
    int64_t i0 = number / across * blockRows, j0 = number % across * blockColumns;
    int64_t rows = std::min(blockRows, p.rows - i0), columns = std::min(blockColumns, p.columns - j0);
    std::fill(sums.begin(), sums.end(), 0.0f);
    for (int64_t k0 = 0; k0 < p.depth; k0 += blockDepth) {
        int64_t depth = std::min(blockDepth, p.depth - k0);
        withReader(p.a, [&](auto at) {
            pack(a.data(), rows, depth, tileRows, [&](int64_t i, int64_t k) { return at(i0 + i, k0 + k); });
        });
        withReader(p.b, [&](auto at) {
            pack(b.data(), columns, depth, tileColumns,
                 [&](int64_t j, int64_t k) { return at(k0 + k, j0 + j); });
        });
        for (int64_t j = 0; j < columns; j += tileColumns)
            for (int64_t i = 0; i < rows; i += tileRows)
                multiplyTile(depth, &a[i * depth], &b[j * depth], &sums[i * blockColumns + j],
                             blockColumns);
    }
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            store(p, i0 + i, j0 + j, sums[i * blockColumns + j]);
}

int multiply(const void* payload) {
    Product p;
    memcpy(&p, payload, sizeof p);
    if (p.workspaceBytes)
        memset(p.workspace, 0xEE, p.workspaceBytes); // the real one writes to it, too
    cpucuda_parallel(blocksIn(p.rows, blockRows) * blocksIn(p.columns, blockColumns), multiplyBlock, &p);
    return 0;
}

/// Results by columns are computed transposed, so that the inner loops always write along a row.
Product productOf(const Problem& q, float alpha, const void* a, const void* b, float beta, const void* c,
                  void* d) {
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

Problem problemOf(const void* descriptor, const void* a, const void* b, const void* c, const void* d) {
    auto layout = [](const void* l) { return *static_cast<const Layout*>(l); };
    return {*static_cast<const Descriptor*>(descriptor), layout(a), layout(b), layout(c), layout(d)};
}

} // namespace

// ---- the library's symbols ----

EXPORT cublasLtCreate(void** handle) { return create(handle, Handle{}); }
EXPORT cublasLtDestroy(void* handle) { return destroy<Handle>(handle); }

extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return 120804; }

EXPORT cublasLtMatmulDescCreate(void** descriptor, int compute, int scale) {
    return create(descriptor, Descriptor{compute, scale});
}

EXPORT cublasLtMatmulDescSetAttribute(void* descriptor, int attribute, const void* value, size_t bytes) {
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

EXPORT cublasLtMatrixLayoutSetAttribute(void* layout, int attribute, const void* value, size_t bytes) {
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

EXPORT cublasLtMatmulPreferenceCreate(void** preference) { return create(preference, Preference{}); }

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

EXPORT cublasLtMatmulAlgoGetHeuristic(void* handle, void* descriptor, void* a, void* b, void* c, void* d,
                                      void* preference, int wanted, HeuristicResult* results,
                                      int* count) {
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

EXPORT cublasLtMatmul(void* handle, void* descriptor, const float* alpha, const void* a, void* layoutA,
                      const void* b, void* layoutB, const float* beta, const void* c, void* layoutC,
                      void* d, void* layoutD, const Algorithm* algorithm, void* workspace,
                      size_t workspaceBytes, void* stream) {
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
    return cpucuda_submit(stream, "cublasLtMatmul", multiply, &product, sizeof product) ? executionFailed
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
