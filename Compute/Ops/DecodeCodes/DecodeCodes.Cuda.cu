// DecodeCodes: x (B, D) = codes (B, W) rows (W, D) + bias (D); and errors: x - target with squares[b] = sum_d of
// their squares, in double.
//
// One block per sample; a thread holds V neighbouring columns (4 where D % 4 == 0), D/V threads up to 256, which take
// columns in turns beyond that. Entries are staged in shared memory, eight rows are loaded at a time. Each element is
// one chain of fused multiply-adds from the bias on, entries in order: the bits of the CPU. Bitwise.
//
// Floor at B 1024, D 768: the rows read, 3 KB an entry. 25 entries of a (4096, 768) decoder: 79 MB from L2, 15 us on an
// H100. 34 entries of a (16384, 768) dictionary: 107 MB, half of them beyond L2 at worst, 30 us.

#define DECODE_STAGE 256
#define DECODE_LOADS 8

// sum += values * rows(index), entries in order; `rows` begins at the columns of this thread.
template <int V>
DEVICE void decode_entries(Pack<V>& sum, const float* rows, int dim, const int* index, const float* value, int count)
{
    int first = 0;
    for (; first + DECODE_LOADS <= count; first += DECODE_LOADS) {
        Pack<V> row[DECODE_LOADS];
#pragma unroll
        for (int i = 0; i < DECODE_LOADS; i++) row[i] = pack_load<V>(rows + (u64)index[first + i] * dim);
#pragma unroll
        for (int i = 0; i < DECODE_LOADS; i++) pack_add(sum, value[first + i], row[i]);
    }
    Pack<V> row[DECODE_LOADS - 1];
#pragma unroll
    for (int i = 0; i < DECODE_LOADS - 1; i++)
        row[i] = first + i < count ? pack_load<V>(rows + (u64)index[first + i] * dim) : pack_zero<V>();
#pragma unroll
    for (int i = 0; i < DECODE_LOADS - 1; i++)
        if (first + i < count) pack_add(sum, value[first + i], row[i]);
}

// One sample; a target that is not null is subtracted, and the sum of squares is what comes back.
template <int V>
DEVICE double decode_sample(const int* index, const float* value, int count, const float* rows, const float* bias,
                            const float* target, float* x, int dim, int* staged_index, float* staged_value)
{
    double squares = 0.0;
    for (int tile = 0; tile < dim; tile += blockDim.x * V) {
        int column = tile + threadIdx.x * V;
        bool mine = column < dim;
        Pack<V> sum = mine && bias ? pack_load<V>(bias + column) : pack_zero<V>();
        for (int first = 0; first < count; first += DECODE_STAGE) {
            int staged = min(DECODE_STAGE, count - first);
            __syncthreads(); // the last entries have been read
            for (int i = threadIdx.x; i < staged; i += blockDim.x) {
                staged_index[i] = index[first + i];
                staged_value[i] = value[first + i];
            }
            __syncthreads();
            if (mine) decode_entries<V>(sum, rows + column, dim, staged_index, staged_value, staged);
        }
        if (mine) {
            if (target) {
                Pack<V> wanted = pack_load<V>(target + column);
#pragma unroll
                for (int i = 0; i < V; i++) {
                    sum.v[i] -= wanted.v[i];
                    squares += (double)sum.v[i] * (double)sum.v[i];
                }
            }
            pack_store<V>(x + column, sum);
        }
    }
    return squares;
}

KERNEL_BOUNDED(decode_codes, 256, 4)
(const int* count, const int* index, const float* value, const float* rows, const float* bias, float* x, int stride,
 int dim)
{
    BLOCK_SHARED int staged_index[DECODE_STAGE];
    BLOCK_SHARED float staged_value[DECODE_STAGE];
    u64 first = (u64)blockIdx.x * stride;
    float* target = x + (u64)blockIdx.x * dim;
    int entries = count[blockIdx.x];
    if (dim % 4 == 0)
        decode_sample<4>(index + first, value + first, entries, rows, bias, 0, target, dim, staged_index, staged_value);
    else
        decode_sample<1>(index + first, value + first, entries, rows, bias, 0, target, dim, staged_index, staged_value);
}

KERNEL_BOUNDED(decode_codes_errors, 256, 4)
(const int* count, const int* index, const float* value, const float* rows, const float* bias, const float* target,
 float* errors, double* squares, int stride, int dim)
{
    BLOCK_SHARED int staged_index[DECODE_STAGE];
    BLOCK_SHARED float staged_value[DECODE_STAGE];
    BLOCK_SHARED double scratch[32];
    u64 first = (u64)blockIdx.x * stride, row = (u64)blockIdx.x * dim;
    int entries = count[blockIdx.x];
    double sum = dim % 4 == 0 ? decode_sample<4>(index + first, value + first, entries, rows, bias, target + row,
                                                 errors + row, dim, staged_index, staged_value)
                              : decode_sample<1>(index + first, value + first, entries, rows, bias, target + row,
                                                 errors + row, dim, staged_index, staged_value);
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) squares[blockIdx.x] = sum;
}
