// The sums of the metrics (UnsupervisedAccumulator, MetricAccumulator) over one batch, apart for each block of
// samples of the jackknife: sample s belongs to block s·blocks/samples. Counts are whole numbers added by atomics, so
// that they do not depend on the order; real numbers are added in a fixed order. Bitwise.
//
// Floor at B 1024, D 768: x and x̂ once from memory and x once more from L2, about 3 us on an H100.

// Numbers for each block of samples.
#define METRICS_SAMPLES 0
#define METRICS_ENTRIES 1
#define METRICS_RATIOS 2
#define METRICS_TRUE_ENTRIES 3
#define METRICS_TALLIES 4

DEVICE void metrics_square(float x, float hat, double& norm, double& error, double& square)
{
    double value = (double)x, guess = (double)hat;
    norm += value * value;
    square += guess * guess;
    error += (value - guess) * (value - guess);
}

DEVICE bool metrics_has_ratio(double norm) { return sqrt(norm) > 1e-6; }

// measures (B, 3): |x|², |x - x̂|², |x̂|² of each row; which latents fire (blocks, L), and the tallies (blocks, 4). One
// block of 128 threads per row.
KERNEL_BOUNDED(metrics_rows, 128, 1)
(const float* x, const float* hat, const int* count, const int* index, double* measures, u64* fires, u64* tallies,
 i64 first, i64 samples, int blocks, int dim, int latents, int stride)
{
    BLOCK_SHARED double scratch[32];
    u64 row = blockIdx.x;
    u64 block = (u64)((first + (i64)row) * blocks / samples);
    const float* own = x + row * dim;
    const float* guess = hat + row * dim;
    double norm = 0.0, error = 0.0, square = 0.0;
    if (dim % 4 == 0)
        for (int d = threadIdx.x * 4; d < dim; d += blockDim.x * 4) {
            float4 a = *(const float4*)(own + d), b = *(const float4*)(guess + d);
            metrics_square(a.x, b.x, norm, error, square);
            metrics_square(a.y, b.y, norm, error, square);
            metrics_square(a.z, b.z, norm, error, square);
            metrics_square(a.w, b.w, norm, error, square);
        }
    else
        for (int d = threadIdx.x; d < dim; d += blockDim.x) metrics_square(own[d], guess[d], norm, error, square);
    int n = count[row];
    for (int e = threadIdx.x; e < n; e += blockDim.x)
        atomicAdd(fires + block * latents + index[row * stride + e], 1ull);
    norm = block_sum(norm, scratch);
    error = block_sum(error, scratch);
    square = block_sum(square, scratch);
    if (threadIdx.x == 0) {
        measures[row * 3] = norm;
        measures[row * 3 + 1] = error;
        measures[row * 3 + 2] = square;
        u64* tally = tallies + block * METRICS_TALLIES;
        atomicAdd(tally + METRICS_SAMPLES, 1ull);
        atomicAdd(tally + METRICS_ENTRIES, (u64)n);
        if (metrics_has_ratio(norm)) atomicAdd(tally + METRICS_RATIOS, 1ull);
    }
}

// The rows of the batch that belong to a block of samples.
DEVICE void metrics_range(i64 block, i64 first, i64 samples, int blocks, int rows, int& begin, int& end)
{
    i64 from = (block * samples + blocks - 1) / blocks - first;
    i64 to = ((block + 1) * samples + blocks - 1) / blocks - first;
    begin = (int)(from < 0 ? 0 : from);
    end = (int)(to > rows ? rows : to);
}

// reals (blocks, 3) += Σ |x|², |x - x̂|², |x̂|/|x| over the rows. One block of 256 threads per block of samples, from
// `block` on.
KERNEL_BOUNDED(metrics_reals, 256, 1)
(const double* measures, double* reals, i64 first, i64 samples, int blocks, int block, int rows)
{
    BLOCK_SHARED double scratch[32];
    int begin, end;
    i64 own = block + (i64)blockIdx.x;
    metrics_range(own, first, samples, blocks, rows, begin, end);
    double norm = 0.0, error = 0.0, ratio = 0.0;
    for (int row = begin + (int)threadIdx.x; row < end; row += blockDim.x) {
        double square = measures[(u64)row * 3];
        norm += square;
        error += measures[(u64)row * 3 + 1];
        if (metrics_has_ratio(square)) ratio += sqrt(measures[(u64)row * 3 + 2] / square);
    }
    norm = block_sum(norm, scratch);
    error = block_sum(error, scratch);
    ratio = block_sum(ratio, scratch);
    if (threadIdx.x == 0) {
        reals[own * 3] += norm;
        reals[own * 3 + 1] += error;
        reals[own * 3 + 2] += ratio;
    }
}

// columns (blocks, D) += Σ x over the rows. Grid (⌈D/32⌉, blocks of samples from `block` on), 1024 threads: 32
// columns by every 32nd row.
KERNEL_BOUNDED(metrics_columns, 1024, 1)
(const float* x, double* columns, i64 first, i64 samples, int blocks, int block, int rows, int dim)
{
    BLOCK_SHARED double parts[32][32];
    int begin, end;
    i64 own = block + (i64)blockIdx.y;
    metrics_range(own, first, samples, blocks, rows, begin, end);
    int d = blockIdx.x * 32 + LANE;
    double sum = 0.0;
    if (d < dim)
#pragma unroll 4
        for (int row = begin + (int)WARP; row < end; row += 32) sum += (double)x[(u64)row * dim + d];
    parts[WARP][LANE] = sum;
    __syncthreads();
    if (WARP == 0 && d < dim) {
        for (int part = 1; part < 32; part++) sum += parts[part][LANE];
        columns[own * dim + d] += sum;
    }
}

// Whether a feature is among the n ascending ones of a sample.
DEVICE bool metrics_is_active(const int* index, int n, int feature)
{
    int low = 0, high = n;
    while (low < high) {
        int middle = (low + high) >> 1;
        if (index[middle] < feature) low = middle + 1;
        else high = middle;
    }
    return low < n && index[low] == feature;
}

// Which features are active (blocks, N), and which latents fire while their best feature is (blocks, L). A warp per
// row, 8 rows per block of 256 threads.
KERNEL_BOUNDED(metrics_truth, 256, 1)
(const int* true_count, const int* true_index, const int* count, const int* index, const int* best, u64* active,
 u64* hits, u64* tallies, i64 first, i64 samples, int blocks, int rows, int features, int latents, int true_stride,
 int stride)
{
    int row = blockIdx.x * 8 + WARP;
    if (row >= rows) return;
    u64 block = (u64)((first + row) * blocks / samples);
    int true_n = true_count[row], n = count[row];
    true_index += (u64)row * true_stride;
    index += (u64)row * stride;
    for (int e = LANE; e < true_n; e += 32) atomicAdd(active + block * features + true_index[e], 1ull);
    for (int e = LANE; e < n; e += 32)
        if (metrics_is_active(true_index, true_n, best[index[e]]))
            atomicAdd(hits + block * latents + index[e], 1ull);
    if (LANE == 0) atomicAdd(tallies + block * METRICS_TALLIES + METRICS_TRUE_ENTRIES, (u64)true_n);
}
