// Kernels that the emulator itself is tested with, behind the same prelude and by the same rules as the real
// ones; the last part breaks the rules on purpose.

// y[i] += x[i] for i < n. A thread for each element; no barriers.
KERNEL(sample_add)(float* y, const float* __restrict__ x, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] += x[i];
}

// sums[b] = sum of row b of x (rows, columns); a block for each row.
KERNEL_BOUNDED(sample_row_sums, 256, 2)(float* sums, const float* __restrict__ x, int columns)
{
    BLOCK_SHARED float scratch[32];
    float sum = 0.0f;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) sum += x[(u64)blockIdx.x * columns + i];
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// What every collective of a warp gives; `out` has 12 words for each of 32 lanes.
KERNEL(sample_warp)(u32* out, const float* x)
{
    u32 lane = threadIdx.x;
    float mine = x[lane];
    u32* o = out + lane * 12;
    o[0] = __float_as_uint(__shfl_sync(FULL, mine, (int)(lane * 5 + 3)));
    o[1] = __float_as_uint(__shfl_xor_sync(FULL, mine, 9));
    o[2] = __float_as_uint(__shfl_up_sync(FULL, mine, 3));
    o[3] = __float_as_uint(__shfl_down_sync(FULL, mine, 4, 8));
    o[4] = __ballot_sync(FULL, mine > 0.0f);
    o[5] = (u32)__any_sync(FULL, mine > 2.0f) | (u32)__all_sync(FULL, mine < 2.0f) << 1;
    o[6] = __match_any_sync(FULL, lane % 5);
    double wide = __shfl_sync(FULL, (double)mine + 1e-9, 31);
    o[7] = (u32)(u64)__double_as_longlong(wide);
    if (lane < 16) {
        o[8] = __ballot_sync(0xffffu, lane & 1);
        __syncwarp(0xffffu);
    } else {
        o[8] = __ballot_sync(0xffff0000u, lane & 2);
    }
    int total;
    o[9] = (u32)warp_scan((int)lane, total);
    o[10] = (u32)total;
    o[11] = (u32)__popc(o[4]) << 24 | (u32)__ffs((int)lane) << 16 | (u32)__clz((int)lane) << 8 | __brev(lane) >> 24;
}

// All atomics on one word each; `out` (8) begins as 0 except out[3] = ~0.
KERNEL(sample_atomics)(u32* out, u64* sum, int* least)
{
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd(&out[0], i);
    atomicMax(&out[1], i);
    atomicOr(&out[2], 1u << (i & 31));
    atomicAnd(&out[3], ~(1u << (i & 7)));
    atomicExch(&out[4], 77u);
    u32 old = atomicOr(&out[5], 0u);
    for (;;) {
        u32 seen = atomicCAS(&out[5], old, old + 2);
        if (seen == old) break;
        old = seen;
    }
    atomicAdd(sum, (u64)i << 20);
    atomicMin(least, -(int)i);
}

// result[0] = sum of x: every block writes its part, the last one to finish adds them in order.
KERNEL(sample_last_block)(float* result, float* parts, u32* finished, const float* __restrict__ x, int n)
{
    BLOCK_SHARED float scratch[32];
    BLOCK_SHARED u32 last;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float sum = block_sum(i < n ? x[i] : 0.0f, scratch);
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = sum;
        __threadfence();
        last = atomicAdd(finished, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        float total = 0.0f;
        for (u32 b = 0; b < gridDim.x; b++) total += parts[b];
        result[0] = total;
    }
}

// threshold[b] = the k-th largest of row b of x (rows, n): four passes over 8 bits of the key, from the top.
KERNEL(sample_kth_largest)(float* threshold, const float* __restrict__ x, int n, int k)
{
    BLOCK_SHARED u32 histogram[256];
    BLOCK_SHARED u32 chosen, left;
    const float* row = x + (u64)blockIdx.x * n;
    u32 prefix = 0, mask = 0;
    if (threadIdx.x == 0) left = (u32)k;
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (u32 bin = threadIdx.x; bin < 256; bin += blockDim.x) histogram[bin] = 0;
        __syncthreads(); // histogram cleared
        for (int i = threadIdx.x; i < n; i += blockDim.x) {
            u32 key = key_of_float(row[i]);
            if ((key & mask) == prefix) atomicAdd(&histogram[key >> shift & 255u], 1u);
        }
        __syncthreads(); // histogram filled
        if (threadIdx.x == 0) {
            u32 bin = 255;
            while (histogram[bin] < left) left -= histogram[bin--];
            chosen = bin;
        }
        __syncthreads(); // bin chosen
        prefix |= chosen << shift;
        mask |= 255u << shift;
    }
    if (threadIdx.x == 0) threshold[blockIdx.x] = float_of_key(prefix);
}

// c (64, 64) = a (64, K) · b (K, 64), bf16, for K a multiple of 32: two stages of asynchronous copies, 4 warps,
// each with 16 rows of the result.
KERNEL(sample_gemm_bf16)(float* c, const u16* __restrict__ a, const u16* __restrict__ b, int depth)
{
    const int strideA = 40, strideB = 72, stage = 64 * strideA + 32 * strideB;
    DYN_SHARED(u16, tiles);
    u32 lane = LANE, warp = WARP;
    float sums[8][4];
    for (int j = 0; j < 8; j++)
        for (int q = 0; q < 4; q++) sums[j][q] = 0.0f;

    auto load = [&](int step) {
        u16* tileA = tiles + (step & 1) * stage;
        u16* tileB = tileA + 64 * strideA;
        for (u32 piece = threadIdx.x; piece < 256; piece += 128) {
            u32 row = piece >> 2, column = (piece & 3) * 8;
            cp_async16(tileA + row * strideA + column, a + row * depth + step * 32 + column);
            row = piece >> 3, column = (piece & 7) * 8;
            cp_async16(tileB + row * strideB + column, b + (step * 32 + row) * 64 + column);
        }
        cp_commit();
    };

    int steps = depth / 32;
    load(0);
    for (int step = 0; step < steps; step++) {
        if (step + 1 < steps) {
            load(step + 1);
            cp_wait<1>(); // all but the latest
        } else {
            cp_wait<0>();
        }
        __syncthreads(); // tiles loaded
        const u16* tileA = tiles + (step & 1) * stage;
        const u16* tileB = tileA + 64 * strideA;
        for (int k = 0; k < 32; k += 16) {
            u32 left[4];
            ldmatrix_x4(left, tileA + (warp * 16 + (lane & 15)) * strideA + k + (lane >> 4) * 8);
            for (int j = 0; j < 8; j++) {
                u32 right[2];
                ldmatrix_x2_trans(right, tileB + (k + (lane & 15)) * strideB + j * 8);
                mma_bf16_16816(sums[j], left, right);
            }
        }
        __syncthreads(); // tiles used
    }
    for (int j = 0; j < 8; j++)
        for (int q = 0; q < 4; q++)
            c[(warp * 16 + (lane >> 2) + (q >> 1) * 8) * 64 + j * 8 + (lane & 3) * 2 + (q & 1)] = sums[j][q];
}

// d (16, 8) = a (16, 8) · b (8, 8), tf32; one warp.
KERNEL(sample_mma_tf32)(float* d, const float* a, const float* b)
{
    u32 group = LANE >> 2, one = LANE & 3;
    u32 left[4], right[2];
    for (u32 q = 0; q < 4; q++)
        left[q] = __float_as_uint(a[(group + (q & 1) * 8) * 8 + one + (q >> 1) * 4]);
    for (u32 q = 0; q < 2; q++) right[q] = __float_as_uint(b[(one + q * 4) * 8 + group]);
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    mma_tf32_1688(sums, left, right);
    for (u32 q = 0; q < 4; q++) d[(group + (q >> 1) * 8) * 8 + one * 2 + (q & 1)] = sums[q];
}

// Numbers threads in three dimensions.
KERNEL(sample_indices)(u32* out)
{
    u32 block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    u32 thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    u32 threads = blockDim.x * blockDim.y * blockDim.z;
    out[block * threads + thread] = block << 16 | thread;
}

struct SampleParameters {
    float* out;
    float factor;
    int n;
};

// A parameter of a structure's type.
KERNEL(sample_structure)(u16 before, SampleParameters p, double after)
{
    for (int i = threadIdx.x; i < p.n; i += blockDim.x) p.out[i] = (float)(before * p.factor * after);
}

// ---- mistakes ----------------------------------------------------------------------------------------

// Writes (or reads, if value is 0) element `at` of x, wherever that is.
KERNEL(sample_stray)(float* x, i64 at, float value)
{
    if (threadIdx.x != 33) return;
    if (value == 0.0f)
        x[0] = x[at];
    else
        x[at] = value;
}

KERNEL(sample_stray_shared)(float* x, int n)
{
    DYN_SHARED(float, tile);
    tile[n] = 1.0f;
    x[0] = tile[n];
}

// What shared memory holds when a block begins.
KERNEL(sample_uninitialised)(u32* out)
{
    BLOCK_SHARED u32 tile[32];
    DYN_SHARED(u32, more);
    out[blockIdx.x * 64 + threadIdx.x] = tile[threadIdx.x];
    out[blockIdx.x * 64 + 32 + threadIdx.x] = more[threadIdx.x];
    tile[threadIdx.x] = more[threadIdx.x] = 1;
}

KERNEL(sample_divergent_barrier)(int* x)
{
    if (threadIdx.x < 40) __syncthreads();
    __syncwarp();
    x[threadIdx.x] = 1;
}

KERNEL(sample_divergent_shuffle)(int* x)
{
    if (threadIdx.x >= 7) return;
    x[threadIdx.x] = __shfl_sync(FULL, x[threadIdx.x], 0);
}

KERNEL(sample_mixed_collectives)(int* x)
{
    if (threadIdx.x & 1)
        x[0] = (int)__ballot_sync(FULL, 1);
    else
        __syncwarp();
}

KERNEL(sample_division)(int* x) { x[0] /= x[1]; }

KERNEL(sample_misaligned)(float* x)
{
    float4* wide = (float4*)(x + 1);
    float4 v = *wide;
    v.x += 1.0f;
    *wide = v;
}

// An index, a shift and a conversion that can go wrong.
KERNEL(sample_index)(float* x, float bits)
{
    BLOCK_SHARED float tile[32];
    tile[threadIdx.x] = 0.0f;
    x[0] = tile[0] + (float)(1u << (int)bits);
}

DEVICE int sample_deep(int depth, volatile int* x)
{
    volatile int room[64];
    room[depth & 63] = depth;
    return depth <= 0 ? x[0] : sample_deep(depth - 1, x) + room[depth & 63];
}

KERNEL(sample_recursion)(int* x, int depth) { x[0] = sample_deep(depth, x); }
