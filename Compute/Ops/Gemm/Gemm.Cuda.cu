// Gemm: C (M, N) = op(A) op(B) + bias (N), row-major; bias may be null. Bitwise.
//
// Three ways, for where cuBLASLt is absent:
//
// bf16, tf32: A (M, K) and B (N, K) are copied first, rounded, into rows of a multiple of 64 bytes of which
// the rest is 0, with a multiple of 128 rows (gemm_round_*). Then (gemm_bf16, gemm_tf32) one block of 256
// threads per 128 x 128 tile of C: 8 warps of 64 x 32 on the tensor cores. Slices of 64 bytes of every row (32
// numbers of bf16, 16 of tf32) come through 3 stages in shared memory, two of them on their way while one is
// multiplied; rows lie 80 bytes apart, which spreads the 8 rows of a ldmatrix over all banks. bf16 and tf32
// fragments have the same bytes in the same lanes, so that both share their code but for the instruction.
// Shared memory 61440 bytes, two blocks on a multiprocessor.
//   grid (ceil(N / 128), ceil(M / 128)).
//   floor at 1024 x 4096 x 768 (6.4 GFLOP) on an H100 SXM: 6.5 us at 989 TFLOP/s; mma.sync reaches
//   60-65 % of that at best, 11 us; tf32 twice as much. Rounding W_enc: 19 MB, 6 us (tf32: 25 MB, 8 us).
//
// fp32 (gemm_fp32_nt, _nn, _tn: B, neither, A transposed): one block of 256 threads per 128 x 128 tile, 8 x 8
// numbers of it per thread by fmaf, slices of 8 of K through two buffers. With `parts` > 1 the range of K is split,
// part p writes to C + p M N, and gemm_sum adds the parts in their order: fills the device where C is small.
//   grid (parts ceil(N / 128), ceil(M / 128)); floor of 6.4 GFLOP: 96 us at 67 TFLOP/s.

#define GEMM_TILE 128
#define GEMM_SLICE 64 // bytes of each row that a stage holds
#define GEMM_ROW 80   // bytes from row to row in shared memory
#define GEMM_STAGES 3
#define GEMM_OPERAND (GEMM_TILE * GEMM_ROW)

// ---- rounding ------------------------------------------------------------------------------------------

// Eight neighbours of a row of the source, from column col on; 0 beyond its edges.
DEVICE void gemm_eight(float x[8], const float* source, int rows, int cols, int row, int col)
{
    const float* from = source + (u64)row * cols + col;
    if (row < rows && cols % 4 == 0) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float4 four = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            if (col + 4 * half < cols) four = *(const float4*)(from + 4 * half);
            x[4 * half] = four.x, x[4 * half + 1] = four.y, x[4 * half + 2] = four.z, x[4 * half + 3] = four.w;
        }
    } else {
#pragma unroll
        for (int i = 0; i < 8; i++) x[i] = row < rows && col + i < cols ? from[i] : 0.0f;
    }
}

// One thread per eight numbers of the target (padded_rows, padded_cols); blocks of 256.
KERNEL_BOUNDED(gemm_round_bf16, 256, 1)(const float* source, u16* target, int rows, int cols, int padded_rows,
                                        int padded_cols)
{
    u64 place = ((u64)blockIdx.x * 256 + threadIdx.x) * 8;
    int row = (int)(place / padded_cols), col = (int)(place % padded_cols);
    if (row >= padded_rows) return;
    float x[8];
    gemm_eight(x, source, rows, cols, row, col);
    u32 pairs[4];
#pragma unroll
    for (int i = 0; i < 4; i++) pairs[i] = float_to_bf16(x[2 * i]) | (u32)float_to_bf16(x[2 * i + 1]) << 16;
    *(uint4*)(target + place) = make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
}

KERNEL_BOUNDED(gemm_round_tf32, 256, 1)(const float* source, float* target, int rows, int cols, int padded_rows,
                                        int padded_cols)
{
    u64 place = ((u64)blockIdx.x * 256 + threadIdx.x) * 8;
    int row = (int)(place / padded_cols), col = (int)(place % padded_cols);
    if (row >= padded_rows) return;
    float x[8];
    gemm_eight(x, source, rows, cols, row, col);
#pragma unroll
    for (int i = 0; i < 8; i++) x[i] = round_to_tf32(x[i]);
    *(float4*)(target + place) = make_float4(x[0], x[1], x[2], x[3]);
    *(float4*)(target + place + 4) = make_float4(x[4], x[5], x[6], x[7]);
}

// ---- tensor cores --------------------------------------------------------------------------------------

// The slice of 128 rows of an operand (from its first row and byte on) on its way to a stage; `pitch` bytes a row.
DEVICE void gemm_fetch(u8* stage, const u8* operand, u64 pitch)
{
#pragma unroll
    for (int i = 0; i < 2; i++) {
        int piece = i * 256 + (int)threadIdx.x, row = piece >> 2, part = (piece & 3) * 16;
        cp_async16(stage + row * GEMM_ROW + part, operand + row * pitch + part);
    }
}

DEVICE void gemm_mma(float d[4], const u32 a[4], const u32 b[2], bool tf32)
{
    if (tf32) mma_tf32_1688(d, a, b);
    else mma_bf16_16816(d, a, b);
}

// sum (64 x 32 of the warp, as 4 x 4 fragments) += the product of a stage's slices.
template <bool TF32> DEVICE void gemm_multiply(float sum[4][4][4], const u8* left, const u8* right)
{
    int lane = (int)LANE;
    // Rows and 16-byte halves that this lane points at: a fragment of A is 16 rows, a pair of B's 16 columns.
    const u8* a_lane = left + (lane & 15) * GEMM_ROW + (lane >> 4) * 16;
    const u8* b_lane = right + ((lane & 7) + (lane >> 4) * 8) * GEMM_ROW + ((lane >> 3) & 1) * 16;
#pragma unroll
    for (int step = 0; step < GEMM_SLICE; step += 32) {
        u32 a[4][4], b[2][4];
#pragma unroll
        for (int i = 0; i < 4; i++) ldmatrix_x4(a[i], a_lane + i * 16 * GEMM_ROW + step);
#pragma unroll
        for (int j = 0; j < 2; j++) ldmatrix_x4(b[j], b_lane + j * 16 * GEMM_ROW + step);
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int j = 0; j < 4; j++) gemm_mma(sum[i][j], a[i], b[j >> 1] + 2 * (j & 1), TF32);
    }
}

// Two neighbours of a row of C, from an even column on.
DEVICE void gemm_store(float* c, const float* bias, int m, int n, int row, int col, float x, float y)
{
    if (row >= m || col >= n) return;
    float* target = c + (u64)row * n + col;
    if (bias != 0) {
        x += bias[col];
        if (col + 1 < n) y += bias[col + 1];
    }
    if (n % 2 == 0) {
        *(float2*)target = make_float2(x, y);
    } else {
        target[0] = x;
        if (col + 1 < n) target[1] = y;
    }
}

// `pitch`: bytes of a row of A and of B, a multiple of 64.
template <bool TF32>
DEVICE void gemm_tensor(u8* shared, const u8* a, const u8* b, const float* bias, float* c, int m, int n, u64 pitch)
{
    int warp_row = (int)(WARP >> 2) * 64, warp_col = (int)(WARP & 3u) * 32;
    int first_row = (int)blockIdx.y * GEMM_TILE, first_col = (int)blockIdx.x * GEMM_TILE;
    const u8* a_tile = a + first_row * pitch;
    const u8* b_tile = b + first_col * pitch;
    int slices = (int)(pitch / GEMM_SLICE);
    float sum[4][4][4] = {};
#pragma unroll
    for (int s = 0; s < GEMM_STAGES - 1; s++) {
        if (s < slices) {
            gemm_fetch(shared + s * 2 * GEMM_OPERAND, a_tile + s * GEMM_SLICE, pitch);
            gemm_fetch(shared + (s * 2 + 1) * GEMM_OPERAND, b_tile + s * GEMM_SLICE, pitch);
        }
        cp_commit();
    }
    int stage = 0, next = GEMM_STAGES - 1;
    for (int slice = 0; slice < slices; slice++) {
        cp_wait<GEMM_STAGES - 2>();
        __syncthreads(); // this slice is there for all, and the stage of the last one is free
        int coming = slice + GEMM_STAGES - 1;
        if (coming < slices) {
            gemm_fetch(shared + next * 2 * GEMM_OPERAND, a_tile + coming * GEMM_SLICE, pitch);
            gemm_fetch(shared + (next * 2 + 1) * GEMM_OPERAND, b_tile + coming * GEMM_SLICE, pitch);
        }
        cp_commit(); // an empty group at the end, so that the wait counts right
        const u8* left = shared + stage * 2 * GEMM_OPERAND + warp_row * GEMM_ROW;
        const u8* right = shared + (stage * 2 + 1) * GEMM_OPERAND + warp_col * GEMM_ROW;
        gemm_multiply<TF32>(sum, left, right);
        stage = stage + 1 == GEMM_STAGES ? 0 : stage + 1;
        next = next + 1 == GEMM_STAGES ? 0 : next + 1;
    }
    int row = first_row + warp_row + (int)(LANE >> 2), col = first_col + warp_col + (int)(LANE & 3u) * 2;
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float* d = sum[i][j];
            gemm_store(c, bias, m, n, row + i * 16, col + j * 8, d[0], d[1]);
            gemm_store(c, bias, m, n, row + i * 16 + 8, col + j * 8, d[2], d[3]);
        }
}

// depth: numbers of a row of A and of B, a multiple of 32.
KERNEL_BOUNDED(gemm_bf16, 256, 2)(const u16* a, const u16* b, const float* bias, float* c, int m, int n, int depth)
{
    DYN_SHARED(u8, shared);
    gemm_tensor<false>(shared, (const u8*)a, (const u8*)b, bias, c, m, n, (u64)depth * 2);
}

// depth: numbers of a row of A and of B, a multiple of 16.
KERNEL_BOUNDED(gemm_tf32, 256, 2)(const float* a, const float* b, const float* bias, float* c, int m, int n, int depth)
{
    DYN_SHARED(u8, shared);
    gemm_tensor<true>(shared, (const u8*)a, (const u8*)b, bias, c, m, n, (u64)depth * 4);
}

// ---- float32 -------------------------------------------------------------------------------------------

#define GEMM_DEPTH 8
#define GEMM_PITCH 132 // numbers from one k to the next in shared memory; keeps float4 aligned, spreads the banks
#define GEMM_BUFFER (GEMM_DEPTH * GEMM_PITCH)

// Four numbers of an operand, for a slice from k0 on; 0 beyond its edges and from k_end on. Stored (size, depth), or
// (depth, size) where BY_DEPTH; threads take neighbours in memory.
template <bool BY_DEPTH>
DEVICE float4 gemm_four(const float* operand, int size, int depth, int first, int k0, int k_end)
{
    int thread = (int)threadIdx.x;
    int outer = BY_DEPTH ? k0 + (thread >> 5) : first + (thread >> 1);
    int inner = BY_DEPTH ? first + (thread & 31) * 4 : k0 + (thread & 1) * 4;
    int outer_end = BY_DEPTH ? k_end : size, inner_end = BY_DEPTH ? size : k_end;
    int width = BY_DEPTH ? size : depth;
    const float* from = operand + (u64)outer * width + inner;
    float4 four = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (outer < outer_end) {
        if (width % 4 == 0 && inner + 3 < inner_end) {
            four = *(const float4*)from;
        } else {
            if (inner < inner_end) four.x = from[0];
            if (inner + 1 < inner_end) four.y = from[1];
            if (inner + 2 < inner_end) four.z = from[2];
            if (inner + 3 < inner_end) four.w = from[3];
        }
    }
    return four;
}

// Into a buffer (8, 132), by depth.
template <bool BY_DEPTH> DEVICE void gemm_place(float* buffer, float4 four)
{
    int thread = (int)threadIdx.x;
    if (BY_DEPTH) {
        *(float4*)(buffer + (thread >> 5) * GEMM_PITCH + (thread & 31) * 4) = four;
    } else {
        float* to = buffer + (thread & 1) * 4 * GEMM_PITCH + (thread >> 1);
        to[0] = four.x;
        to[GEMM_PITCH] = four.y;
        to[2 * GEMM_PITCH] = four.z;
        to[3 * GEMM_PITCH] = four.w;
    }
}

// Rows 4 y + i and 64 + 4 y + i, columns 4 x + j and 64 + 4 x + j of the tile.
DEVICE void gemm_outer(float sum[8][8], const float* left, const float* right)
{
    int x = (int)(threadIdx.x & 15u) * 4, y = (int)(threadIdx.x >> 4) * 4;
#pragma unroll
    for (int k = 0; k < GEMM_DEPTH; k++) {
        float4 a0 = *(const float4*)(left + k * GEMM_PITCH + y);
        float4 a1 = *(const float4*)(left + k * GEMM_PITCH + 64 + y);
        float4 b0 = *(const float4*)(right + k * GEMM_PITCH + x);
        float4 b1 = *(const float4*)(right + k * GEMM_PITCH + 64 + x);
        float a[8] = {a0.x, a0.y, a0.z, a0.w, a1.x, a1.y, a1.z, a1.w};
        float b[8] = {b0.x, b0.y, b0.z, b0.w, b1.x, b1.y, b1.z, b1.w};
#pragma unroll
        for (int i = 0; i < 8; i++)
#pragma unroll
            for (int j = 0; j < 8; j++) sum[i][j] = fmaf(a[i], b[j], sum[i][j]);
    }
}

// `left` and `right` are (2, 8, 132) each.
template <bool TRANS_A, bool TRANS_B>
DEVICE void gemm_float(float* left, float* right, const float* a, const float* b, const float* bias, float* c, int m,
                       int n, int k, int parts)
{
    int across = (n + GEMM_TILE - 1) / GEMM_TILE;
    int part = (int)blockIdx.x / across;
    int first_row = (int)blockIdx.y * GEMM_TILE, first_col = ((int)blockIdx.x % across) * GEMM_TILE;
    int share = ((k + parts - 1) / parts + GEMM_DEPTH - 1) / GEMM_DEPTH * GEMM_DEPTH;
    int k_start = part * share, k_end = min(k, k_start + share);
    float sum[8][8] = {};
    if (k_start < k_end) {
        gemm_place<TRANS_A>(left, gemm_four<TRANS_A>(a, m, k, first_row, k_start, k_end));
        gemm_place<!TRANS_B>(right, gemm_four<!TRANS_B>(b, n, k, first_col, k_start, k_end));
        __syncthreads();
        int buffer = 0;
        for (int k0 = k_start; k0 < k_end; k0 += GEMM_DEPTH) {
            bool more = k0 + GEMM_DEPTH < k_end;
            float4 next_a, next_b;
            if (more) { // on their way while this slice is multiplied
                next_a = gemm_four<TRANS_A>(a, m, k, first_row, k0 + GEMM_DEPTH, k_end);
                next_b = gemm_four<!TRANS_B>(b, n, k, first_col, k0 + GEMM_DEPTH, k_end);
            }
            gemm_outer(sum, left + buffer * GEMM_BUFFER, right + buffer * GEMM_BUFFER);
            if (more) {
                buffer ^= 1;
                gemm_place<TRANS_A>(left + buffer * GEMM_BUFFER, next_a);
                gemm_place<!TRANS_B>(right + buffer * GEMM_BUFFER, next_b);
                __syncthreads(); // the next slice is there, and this one has been read by all
            }
        }
    }
    float* target = c + (u64)part * m * n;
    const float* added = parts == 1 ? bias : 0;
    int x = first_col + (int)(threadIdx.x & 15u) * 4, y = first_row + (int)(threadIdx.x >> 4) * 4;
#pragma unroll
    for (int i = 0; i < 8; i++)
#pragma unroll
        for (int j = 0; j < 8; j += 2)
            gemm_store(target, added, m, n, y + (i >> 2) * 64 + (i & 3), x + (j >> 2) * 64 + (j & 3), sum[i][j],
                       sum[i][j + 1]);
}

// A (M, K), B (N, K).
KERNEL_BOUNDED(gemm_fp32_nt, 256, 2)(const float* a, const float* b, const float* bias, float* c, int m, int n, int k,
                                     int parts)
{
    __align__(16) BLOCK_SHARED float left[2 * GEMM_BUFFER];
    __align__(16) BLOCK_SHARED float right[2 * GEMM_BUFFER];
    gemm_float<false, true>(left, right, a, b, bias, c, m, n, k, parts);
}

// A (M, K), B (K, N).
KERNEL_BOUNDED(gemm_fp32_nn, 256, 2)(const float* a, const float* b, const float* bias, float* c, int m, int n, int k,
                                     int parts)
{
    __align__(16) BLOCK_SHARED float left[2 * GEMM_BUFFER];
    __align__(16) BLOCK_SHARED float right[2 * GEMM_BUFFER];
    gemm_float<false, false>(left, right, a, b, bias, c, m, n, k, parts);
}

// A (K, M), B (K, N).
KERNEL_BOUNDED(gemm_fp32_tn, 256, 2)(const float* a, const float* b, const float* bias, float* c, int m, int n, int k,
                                     int parts)
{
    __align__(16) BLOCK_SHARED float left[2 * GEMM_BUFFER];
    __align__(16) BLOCK_SHARED float right[2 * GEMM_BUFFER];
    gemm_float<true, false>(left, right, a, b, bias, c, m, n, k, parts);
}

// C = the sum of its parts, in their order, plus the bias. One thread per number; blocks of 256.
KERNEL_BOUNDED(gemm_sum, 256, 1)(const float* all, const float* bias, float* c, int m, int n, int parts)
{
    u64 count = (u64)m * n, i = (u64)blockIdx.x * 256 + threadIdx.x;
    if (i >= count) return;
    float sum = all[i];
    for (int part = 1; part < parts; part++) sum += all[part * count + i];
    c[i] = bias != 0 ? sum + bias[i % n] : sum;
}
