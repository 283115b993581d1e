// MatchCosines: |cos| between rows (R, D) and others (N, D), by blocks of rows, so that a block of cosines is
// ranked while it is in the L2 cache and the whole (R, N) is never stored.
//
//   match_units     rows divided by their norms, padded with zeros to whole tiles
//   match_product   cosines (a block of rows, N) = |units · othersᵀ| in fp32: every element is the sum over
//                   depths 0, 1, … in that order, wherever its tile lies, so that asking again gives the same bits
//   match_top       the `count` ≤ 32 best of each row: larger first, equal ones by ascending column
//
// Floor at R 4096, N 16384, D 768: 103 GFLOP of FFMA, 1.6 ms on an H100; ranking reads 268 MB from L2, 0.1 ms.
// Bitwise.

#define MATCH_TILE 128
#define MATCH_DEPTH 16
// Depths summed before they are added to the cosine: short sums keep rounding errors small.
#define MATCH_CHUNK 256
// Distance of rows in shared memory: a multiple of 4, not of 8, for few bank conflicts when tiles are transposed.
#define MATCH_PITCH (MATCH_TILE + 4)

// units (R padded to tiles, D padded to depths) from rows (R, D), or from selected ones of them (null: all in
// order); squares[r] = |row|². One block of 128 threads per padded row.
KERNEL_BOUNDED(match_units, 128, 1)
(const float* matrix, const int* selected, float* units, double* squares, int rows, int dim, int padded)
{
    BLOCK_SHARED double scratch[32];
    int row = blockIdx.x;
    bool real = row < rows;
    const float* source = matrix + (u64)(real && selected ? selected[row] : row) * dim;
    float* target = units + (u64)row * padded;
    double sum = 0.0;
    if (real)
        for (int d = threadIdx.x; d < dim; d += blockDim.x) sum += (double)source[d] * (double)source[d];
    sum = block_sum(sum, scratch);
    double norm = sqrt(sum);
    double inverse = 1.0 / (norm > 1e-8 ? norm : 1e-8);
    for (int d = threadIdx.x; d < padded; d += blockDim.x)
        target[d] = real && d < dim ? (float)((double)source[d] * inverse) : 0.0f;
    if (real && threadIdx.x == 0) squares[row] = sum;
}

// Two rows of four depths for each thread, on their way from global to shared memory.
struct MatchPanel { float4 low, high; };

DEVICE MatchPanel match_load(const float* source, int padded)
{
    MatchPanel panel;
    panel.low = *(const float4*)source;
    panel.high = *(const float4*)(source + (u64)(MATCH_TILE / 2) * padded);
    return panel;
}

DEVICE void match_store(float* tile, int row, int depth, MatchPanel panel)
{
    float* low = tile + depth * MATCH_PITCH + row;
    low[0] = panel.low.x;
    low[MATCH_PITCH] = panel.low.y;
    low[2 * MATCH_PITCH] = panel.low.z;
    low[3 * MATCH_PITCH] = panel.low.w;
    float* high = low + MATCH_TILE / 2;
    high[0] = panel.high.x;
    high[MATCH_PITCH] = panel.high.y;
    high[2 * MATCH_PITCH] = panel.high.z;
    high[3 * MATCH_PITCH] = panel.high.w;
}

// Eight neighbours of a thread: four and, half a tile on, another four.
DEVICE void match_fragment(float f[8], const float* row)
{
    float4 low = *(const float4*)row, high = *(const float4*)(row + MATCH_TILE / 2);
    f[0] = low.x, f[1] = low.y, f[2] = low.z, f[3] = low.w;
    f[4] = high.x, f[5] = high.y, f[6] = high.z, f[7] = high.w;
}

// A finished chunk of depths: target (4) = sums, added to what is there unless it is the first; absolute values at
// the end.
DEVICE void match_add(float* target, const float sums[4], bool first, bool last)
{
    float4 c = make_float4(sums[0], sums[1], sums[2], sums[3]);
    if (!first) {
        float4 before = *(const float4*)target;
        c = make_float4(before.x + c.x, before.y + c.y, before.z + c.z, before.w + c.w);
    }
    if (last) c = make_float4(fabsf(c.x), fabsf(c.y), fabsf(c.z), fabsf(c.w));
    *(float4*)target = c;
}

// cosines (row tiles · 128, other tiles · 128). Grid (other tiles, row tiles), 256 threads with 8 × 8 sums each; tiles
// alternate between two buffers in shared memory while the next one is on its way to registers.
KERNEL_BOUNDED(match_product, 256, 2)(const float* units, const float* others, float* cosines, int padded, int stride)
{
    BLOCK_SHARED float4 memory[4 * MATCH_DEPTH * MATCH_PITCH / 4];
    float* a_tiles = (float*)memory;
    float* b_tiles = a_tiles + 2 * MATCH_DEPTH * MATCH_PITCH;
    int row = threadIdx.x / 4, depth = threadIdx.x % 4 * 4;
    const float* a_source = units + ((u64)blockIdx.y * MATCH_TILE + row) * padded + depth;
    const float* b_source = others + ((u64)blockIdx.x * MATCH_TILE + row) * padded + depth;
    int column = threadIdx.x % 16 * 4, line = threadIdx.x / 16 * 4;

    match_store(a_tiles, row, depth, match_load(a_source, padded));
    match_store(b_tiles, row, depth, match_load(b_source, padded));
    __syncthreads();
    int buffer = 0;
    for (int chunk = 0; chunk < padded; chunk += MATCH_CHUNK) {
        int end = chunk + MATCH_CHUNK < padded ? chunk + MATCH_CHUNK : padded;
        float sums[8][8] = {};
        for (int next = chunk + MATCH_DEPTH; next <= end; next += MATCH_DEPTH) {
            MatchPanel a_next = {}, b_next = {};
            if (next < padded) {
                a_next = match_load(a_source + next, padded);
                b_next = match_load(b_source + next, padded);
            }
            const float* a = a_tiles + buffer + line;
            const float* b = b_tiles + buffer + column;
#pragma unroll 4
            for (int k = 0; k < MATCH_DEPTH; k++) {
                float x[8], y[8];
                match_fragment(x, a + k * MATCH_PITCH);
                match_fragment(y, b + k * MATCH_PITCH);
#pragma unroll
                for (int i = 0; i < 8; i++)
#pragma unroll
                    for (int j = 0; j < 8; j++) sums[i][j] = fmaf(x[i], y[j], sums[i][j]);
            }
            buffer ^= MATCH_DEPTH * MATCH_PITCH;
            if (next < padded) {
                match_store(a_tiles + buffer, row, depth, a_next);
                match_store(b_tiles + buffer, row, depth, b_next);
            }
            __syncthreads();
        }
        float* target = cosines + ((u64)blockIdx.y * MATCH_TILE + line) * stride + (u64)blockIdx.x * MATCH_TILE + column;
#pragma unroll
        for (int i = 0; i < 8; i++) {
            match_add(target, sums[i], chunk == 0, end == padded);
            match_add(target + MATCH_TILE / 2, sums[i] + 4, chunk == 0, end == padded);
            target += (u64)(i == 3 ? MATCH_TILE / 2 - 3 : 1) * stride;
        }
    }
}

// A cosine with its column as a key: larger cosines first, equal ones by ascending column; above 0 if there is one.
DEVICE u64 match_key(float cosine, int column, int others)
{
    return column < others ? ((u64)__float_as_uint(cosine) << 32) | (u32)~column : 0;
}

// Put the lanes' keys in the list of the 32 largest, descending over the lanes; only keys above `least`, the one at
// `count`, matter.
DEVICE void match_offer(u64& list, u64& least, u64 key, int count)
{
    u32 waiting = __ballot_sync(FULL, key > least);
    if (waiting == 0) return;
    for (; waiting != 0; waiting &= waiting - 1) {
        u64 candidate = __shfl_sync(FULL, key, __ffs(waiting) - 1);
        int place = __popc(__ballot_sync(FULL, list > candidate));
        u64 above = __shfl_up_sync(FULL, list, 1);
        if ((int)LANE == place) list = candidate;
        else if ((int)LANE > place) list = above;
    }
    least = __shfl_sync(FULL, list, count - 1);
}

// keys (R, count) of cosines (R, stride) in descending order. One block of 256 threads per row: each warp ranks its
// share of the columns, the first one all that they found.
KERNEL_BOUNDED(match_top, 256, 4)(const float* cosines, u64* keys, int others, int stride, int count)
{
    BLOCK_SHARED u64 lists[8][32];
    const float* row = cosines + (u64)blockIdx.x * stride;
    u64 list = 0, least = 0;
    for (int first = WARP * 128; first < others; first += 1024) {
        int column = first + LANE * 4;
        float4 c = *(const float4*)(row + column);
        match_offer(list, least, match_key(c.x, column, others), count);
        match_offer(list, least, match_key(c.y, column + 1, others), count);
        match_offer(list, least, match_key(c.z, column + 2, others), count);
        match_offer(list, least, match_key(c.w, column + 3, others), count);
    }
    lists[WARP][LANE] = list;
    __syncthreads();
    if (WARP == 0) {
        for (int warp = 1; warp < 8; warp++) match_offer(list, least, lists[warp][LANE], count);
        if ((int)LANE < count) keys[(u64)blockIdx.x * count + LANE] = list;
    }
}
