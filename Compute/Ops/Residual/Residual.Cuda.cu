// Residual: e (B, D) = xhat - x, written over xhat; squares[b] = sum_d e^2 in double.
// One block of 128 threads per row. Bitwise.
KERNEL_BOUNDED(residual, 128, 1)(const float* x, float* reconstruction, double* squares, int dim)
{
    BLOCK_SHARED double scratch[32];
    u64 row = (u64)blockIdx.x * dim;
    double sum = 0.0;
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        float error = reconstruction[row + d] - x[row + d];
        reconstruction[row + d] = error;
        sum += (double)error * (double)error;
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) squares[blockIdx.x] = sum;
}
