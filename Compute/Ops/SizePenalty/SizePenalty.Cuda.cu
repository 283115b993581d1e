// SizePenalty: a penalty on the sizes s = a |w_j| of a batch's codes (SizePenalty.fs has the formulas), in double.
// kind 0: lambda |s|_p; 1: lambda_j s; 2: lambda tanh(scale s); `shape` is p or the scale, lambda (1) or (L).
//
// size_penalty_rows   one block of 128 per row: losses[row], slopes by entry, and extra by entry: set to (first)
//                     or raised by slope |w_j|.
// size_penalty_norms  one warp per latent: by_norm_j, set to or raised by its slopes times its codes, over the
//                     entries of its list; the first block alone adds up the losses.
// Bitwise. Floor at 25 entries in each of 1024 rows: 0.6 MB, launch-bound; at 2048: 67 MB, 20 us at 3.35 TB/s.

DEVICE double size_penalty_lambda(int kind, const double* lambda, int latent)
{
    return kind == 1 ? lambda[latent] : *lambda;
}

// The term of an entry and its slope up to 1/B; that of a norm of p other than 1 lacks what the row has in common.
DEVICE double size_penalty_term(int kind, double lambda, double shape, double size, double& slope)
{
    if (kind == 2) {
        double t = tanh(shape * size);
        slope = lambda * shape * (1.0 - t * t);
        return lambda * t;
    }
    if (kind == 0 && shape != 1.0) {
        slope = lambda * pow(size, shape - 1.0);
        return pow(size, shape);
    }
    slope = lambda;
    return lambda * size;
}

KERNEL_BOUNDED(size_penalty_rows, 128, 4)
(int kind, const double* lambda, double shape, const float* norms, const int* count, const int* index,
 const float* value, int stride, int first, float* extra, float* slopes, double* losses)
{
    BLOCK_SHARED double scratch[32];
    u64 row = (u64)blockIdx.x * stride;
    int entries = count[blockIdx.x];
    double batch = (double)gridDim.x, total = 0.0;
    bool is_joint = kind == 0 && shape != 1.0;
    double common = 1.0;

    // A norm's slopes need the total of the row: they come in a second pass.
    for (int pass = 0; pass < (is_joint ? 2 : 1); pass++) {
        bool writes = !is_joint || pass == 1;
        if (pass == 1) {
            total = block_sum(total, scratch);
            common = pow(total, 1.0 / shape - 1.0);
        }
        for (int i = threadIdx.x; i < entries; i += blockDim.x) {
            int latent = index[row + i];
            float norm = norms[latent];
            double slope;
            double term = size_penalty_term(kind, size_penalty_lambda(kind, lambda, latent), shape,
                                            (double)value[row + i] * (double)norm, slope);
            if (pass == 0) total += term;
            if (writes) {
                slope = slope * common / batch;
                float added = (float)(slope * (double)norm);
                slopes[row + i] = (float)slope;
                extra[row + i] = first ? added : extra[row + i] + added;
            }
        }
    }
    if (!is_joint) total = block_sum(total, scratch);
    if (threadIdx.x == 0)
        losses[blockIdx.x] = !is_joint ? total : total > 0.0 ? *lambda * pow(total, 1.0 / shape) : 0.0;
}

KERNEL_BOUNDED(size_penalty_norms, 256, 4)
(const float* value, const int* start, const u32* entry, const float* slopes, int latents, int first,
 float* by_norm, const double* losses, int rows, double* loss)
{
    BLOCK_SHARED double scratch[32];
    if (blockIdx.x == 0) {
        double sum = 0.0;
        for (int row = threadIdx.x; row < rows; row += blockDim.x) sum += losses[row];
        sum = block_sum(sum, scratch);
        if (threadIdx.x == 0) *loss = rows > 0 ? sum / (double)rows : 0.0;
        return;
    }
    int latent = (blockIdx.x - 1) * WARPS + WARP;
    if (latent >= latents) return;
    double sum = 0.0;
    for (int place = start[latent] + LANE; place < start[latent + 1]; place += 32)
        sum += (double)slopes[entry[place]] * (double)value[entry[place]];
    sum = warp_sum(sum);
    if (LANE == 0) by_norm[latent] = (float)(first ? sum : (double)by_norm[latent] + sum);
}
