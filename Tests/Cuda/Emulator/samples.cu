// Kernels that the emulator itself is tested with: one for each thing that it does. They follow the same
// rules as the real ones and stand behind the same prelude.

// y[i] += x[i] for i < n. A thread for each element; no barriers.
KERNEL(sample_add)(float* y, const float* __restrict__ x, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] += x[i];
}

// sums[b] = sum of row b of x (rows, columns); a block for each row.
KERNEL(sample_row_sums)(float* sums, const float* __restrict__ x, int columns)
{
    BLOCK_SHARED float scratch[32];
    float sum = 0.0f;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) sum += x[(u64)blockIdx.x * columns + i];
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
