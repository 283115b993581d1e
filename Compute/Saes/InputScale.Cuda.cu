// InputScale: each sample to norm sqrt(D) (kind 1), or to mean 0 and standard deviation 1 (kind 2), and back.
//   input_scale_apply  scaled = (x - shift) in; shifts (B), factors (B): x = scaled factor + shift; of kind 2
//                      target = (x - shift) / factor, too. Sums in double. One block of 256 per row.
//   input_scale_undo   y = y factor + shift, rounded twice
//   input_scale_weigh  e = factor^2 e, squares = factor^2 squares; row r of e is of sample r mod B
// Bitwise. Floor at B 1024, D 768: 6.3 MB each, 2 us at 3.35 TB/s.

KERNEL_BOUNDED(input_scale_apply, 256, 4)
(int kind, const float* x, float* scaled, float* target, float* shifts, float* factors, int dim)
{
    BLOCK_SHARED double scratch[32];
    u64 row = (u64)blockIdx.x * dim;
    double shift = 0.0, inward, outward;
    if (kind == 1) {
        double squares = 0.0;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) squares = fma((double)x[row + d], (double)x[row + d], squares);
        squares = block_sum(squares, scratch);
        inward = sqrt((double)dim / squares);
        outward = 1.0 / inward;
    } else {
        double sum = 0.0, squares = 0.0;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) sum += (double)x[row + d];
        shift = block_sum(sum, scratch) / (double)dim;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) {
            double off = (double)x[row + d] - shift;
            squares = fma(off, off, squares);
        }
        outward = sqrt(block_sum(squares, scratch) / (double)(dim - 1));
        // InputScale.Epsilon.
        inward = 1.0 / (outward + 1e-5);
    }
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        float value = x[row + d];
        scaled[row + d] = (float)(((double)value - shift) * inward);
        if (target) target[row + d] = kind == 1 ? scaled[row + d] : (value - (float)shift) / (float)outward;
    }
    if (threadIdx.x == 0) {
        shifts[blockIdx.x] = (float)shift;
        factors[blockIdx.x] = (float)outward;
    }
}

KERNEL_BOUNDED(input_scale_undo, 256, 4)(const float* shifts, const float* factors, float* y, int dim)
{
    u64 row = (u64)blockIdx.x * dim;
    float shift = shifts[blockIdx.x], factor = factors[blockIdx.x];
    for (int d = threadIdx.x; d < dim; d += blockDim.x) y[row + d] = y[row + d] * factor + shift;
}

KERNEL_BOUNDED(input_scale_weigh, 256, 4)(const float* factors, int batch, float* errors, double* squares, int dim)
{
    u64 row = (u64)blockIdx.x * dim;
    float factor = factors[blockIdx.x % batch];
    float weight = factor * factor;
    // Simd.combine weight e 0 e.
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        float e = errors[row + d];
        errors[row + d] = fmaf(weight, e, 0.0f * e);
    }
    if (threadIdx.x == 0) squares[blockIdx.x] = (double)factor * (double)factor * squares[blockIdx.x];
}
