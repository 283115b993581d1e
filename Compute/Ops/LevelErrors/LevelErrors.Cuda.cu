// LevelErrors: e_m (B, D) = b_dec + sum over level(j) <= m of a_j W_dec,j - x in block m of `errors` (M*B, D), and
// squares[m*B + b] = sum_d e_m^2 in double; and what the latents of each level see of the loss.
//
// run: one block per sample, a thread holds V columns (as DecodeCodes) and goes from level to level; the entries of a
// level are brought together in shared memory, in their order. Each element is one chain of fused multiply-adds. Level
// by level it is the CPU's sum. gradients: a thread takes V elements through all levels. Bitwise.
//
// Floor at B 1024, D 768, 25 entries, M levels: 79 MB of decoder rows from L2 and 3 MB written a level, 15 + M us on an
// H100; gradients: 6 MB a level within L2, about 1 us each.

#define LEVELS_STAGE 256

template <int V>
DEVICE void level_errors_sample(const int* index, const float* value, int count, const float* rows, const float* bias,
                                const int* level, const float* x, float* errors, u64 between, double* squares,
                                int levels, int batch, int dim, int* staged_index, float* staged_value, int* scan,
                                double* scratch)
{
    bool one_tile = dim <= (int)blockDim.x * V;
    Pack<V> sum = pack_zero<V>();
    for (int m = 0; m < levels; m++) {
        double square = 0.0;
        for (int tile = 0; tile < dim; tile += blockDim.x * V) {
            int column = tile + threadIdx.x * V;
            bool mine = column < dim;
            if (mine && m == 0) {
                sum = bias ? pack_load<V>(bias + column) : pack_zero<V>();
                Pack<V> wanted = pack_load<V>(x + column);
#pragma unroll
                for (int i = 0; i < V; i++) sum.v[i] -= wanted.v[i];
            } else if (mine && !one_tile) {
                sum = pack_load<V>(errors + (m - 1) * between + column);
            }
            for (int first = 0; first < count; first += blockDim.x) {
                int entry = first + threadIdx.x;
                int latent = entry < count ? index[entry] : 0;
                bool takes = entry < count && level[latent] == m;
                int taken;
                int place = block_scan(takes, taken, scan);
                if (takes) {
                    staged_index[place] = latent;
                    staged_value[place] = value[entry];
                }
                __syncthreads();
                if (mine) decode_entries<V>(sum, rows + column, dim, staged_index, staged_value, taken);
                // block_scan of the next round lets nobody write before all have read.
            }
            if (mine) {
                pack_store<V>(errors + m * between + column, sum);
#pragma unroll
                for (int i = 0; i < V; i++) square += (double)sum.v[i] * (double)sum.v[i];
            }
        }
        square = block_sum(square, scratch);
        if (threadIdx.x == 0) squares[(u64)m * batch] = square;
    }
}

KERNEL_BOUNDED(level_errors, 256, 4)
(const int* count, const int* index, const float* value, const float* rows, const float* bias, const int* level,
 const float* x, float* errors, double* squares, int stride, int levels, int batch, int dim)
{
    BLOCK_SHARED int staged_index[LEVELS_STAGE];
    BLOCK_SHARED float staged_value[LEVELS_STAGE];
    BLOCK_SHARED int scan[32];
    BLOCK_SHARED double scratch[32];
    u64 first = (u64)blockIdx.x * stride, row = (u64)blockIdx.x * dim, between = (u64)batch * dim;
    int entries = count[blockIdx.x];
    if (dim % 4 == 0)
        level_errors_sample<4>(index + first, value + first, entries, rows, bias, level, x + row, errors + row, between,
                               squares + blockIdx.x, levels, batch, dim, staged_index, staged_value, scan, scratch);
    else
        level_errors_sample<1>(index + first, value + first, entries, rows, bias, level, x + row, errors + row, between,
                               squares + blockIdx.x, levels, batch, dim, staged_index, staged_value, scan, scratch);
}

template <int V>
DEVICE void level_errors_seen(const float* weights, const float* errors, float* seen, u64 between, int levels,
                              int detached, u64 place)
{
    Pack<V> basis = pack_load<V>(errors + (levels - 1) * between + place);
    float weight = weights[levels - 1];
#pragma unroll
    for (int i = 0; i < V; i++) basis.v[i] *= weight;
    pack_store<V>(seen + (levels - 1) * between + place, basis);
    for (int m = levels - 2; m >= 0; m--) {
        Pack<V> sum = pack_load<V>(errors + m * between + place);
        weight = weights[m];
#pragma unroll
        for (int i = 0; i < V; i++) sum.v[i] = basis.v[i] + weight * sum.v[i];
        pack_store<V>(seen + m * between + place, sum);
        if (!detached) basis = sum;
    }
}

// between = B*D, elements of a level.
KERNEL_BOUNDED(level_errors_gradients, 256, 4)
(const float* weights, const float* errors, float* seen, i64 between, int levels, int detached)
{
    u64 thread = (u64)blockIdx.x * blockDim.x + threadIdx.x, size = (u64)between;
    if (size % 4 == 0) {
        if (4 * thread < size) level_errors_seen<4>(weights, errors, seen, size, levels, detached, 4 * thread);
    } else {
        if (thread < size) level_errors_seen<1>(weights, errors, seen, size, levels, detached, thread);
    }
}
