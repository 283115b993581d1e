// The product behind cublasLtMatmul.
#pragma once
#include <cstddef>
#include <cstdint>

namespace product {

enum Type { real32 = 0, realBf16 = 14 };
enum Compute { compute32 = 68, computeBf16 = 75, computeTf32 = 77 };

/// Element (i, j) of a matrix lies at i·down + j·right.
struct View {
    const void* data;
    int type, compute;
    int64_t down, right;

    float at(int64_t i, int64_t j) const;
    View transposed() const { return {data, type, compute, right, down}; }
};

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

/// Computes it; the payload is a Product.
int multiply(const void* payload);

} // namespace product
