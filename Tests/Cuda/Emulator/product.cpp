// Matrix products by blocks: panels of both factors are packed, so that the inner loop reads them
// in order.
#include "product.h"
#include <algorithm>
#include <cstring>
#include <vector>

extern "C" void cpucuda_parallel(uint64_t count, void (*body)(uint64_t, void*), void* argument);

namespace product {

namespace {

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

} // namespace

float View::at(int64_t i, int64_t j) const {
    int64_t place = i * down + j * right;
    if (type == realBf16)
        return fromBf16(static_cast<const uint16_t*>(data)[place]);
    float value = static_cast<const float*>(data)[place];
    return compute == computeTf32   ? toTf32(value)
           : compute == computeBf16 ? fromBf16(toBf16(value))
                                    : value;
}

namespace {

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
        Vector left = reinterpret_cast<const Vector*>(b)[0],
               right = reinterpret_cast<const Vector*>(b)[1];
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
            return fromBf16(
                static_cast<const uint16_t*>(view.data)[i * view.down + j * view.right]);
        });
    else if (view.compute == compute32)
        body([=](int64_t i, int64_t j) {
            return static_cast<const float*>(view.data)[i * view.down + j * view.right];
        });
    else
        body([=](int64_t i, int64_t j) { return view.at(i, j); });
}

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

/// One block of the result, all of its depth: the order of the sums does not depend on who computes
/// it.
void multiplyBlock(uint64_t number, void* argument) {
    const Product& p = *static_cast<const Product*>(argument);
    static thread_local std::vector<float> a(blockRows * blockDepth), b(blockColumns * blockDepth),
        sums(blockRows * blockColumns);
    int64_t across = blocksIn(p.columns, blockColumns);
    int64_t i0 = number / across * blockRows, j0 = number % across * blockColumns;
    int64_t rows = std::min(blockRows, p.rows - i0),
            columns = std::min(blockColumns, p.columns - j0);
    std::fill(sums.begin(), sums.end(), 0.0f);
    for (int64_t k0 = 0; k0 < p.depth; k0 += blockDepth) {
        int64_t depth = std::min(blockDepth, p.depth - k0);
        withReader(p.a, [&](auto at) {
            pack(a.data(), rows, depth, tileRows,
                 [&](int64_t i, int64_t k) { return at(i0 + i, k0 + k); });
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

} // namespace

int multiply(const void* payload) {
    Product p;
    memcpy(&p, payload, sizeof p);
    if (p.workspaceBytes)
        memset(p.workspace, 0xEE, p.workspaceBytes); // the real one writes to it, too
    cpucuda_parallel(blocksIn(p.rows, blockRows) * blocksIn(p.columns, blockColumns), multiplyBlock,
                     &p);
    return 0;
}

} // namespace product
