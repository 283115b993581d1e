// ClipAdam: the norm of all gradients, and one Adam step with their clipping (ClipAdam.fs has the formula).
//
// adam_squares   one warp per row of both matrices: sum_d g^2 in double.
// adam_norm      one block of 1024: the rows' squares and the five vectors, in order; the root is the norm.
// adam_matrices  one warp per row of both matrices; the decoder's rows get their new norms, the encoder's a copy
//                in bf16 where one is wanted.
// adam_vectors   the five vectors; the grid's y is the vector.
//
// Where the norm is not finite nothing is updated, and `diverged` keeps the number of the step + 1; from then on
// no step updates anything. Moments and gradients are read and written past the cache, parameters through it:
// the next step's encoder reads those.
// Bitwise; updates have the CPU's bits for the same norm. Floor at L 4096, D 768: 25 MB (norm) and 182 MB
// (update), 8 us and 54 us at 3.35 TB/s.

DEVICE bool adam_is_finite(double x) { return x - x == 0.0; }

struct AdamFactors { float clip, one_minus_beta1, beta2, one_minus_beta2, rate, root_correction, epsilon; };

DEVICE float adam_clip(double norm) { return (float)fmin(1.0, 1.0 / (norm + 1e-6)); }

// ClipAdam.update.
DEVICE void adam_update(const AdamFactors& f, float gradient, float& mean, float& square, float& parameter)
{
    float g = f.clip * gradient;
    mean = fmaf(f.one_minus_beta1, g - mean, mean);
    square = fmaf(f.beta2, square, f.one_minus_beta2 * (g * g));
    parameter = parameter - f.rate * mean / (sqrtf(square) / f.root_correction + f.epsilon);
}

DEVICE double adam_square4(float4 g)
{
    double sum = (double)g.x * (double)g.x;
    sum = fma((double)g.y, (double)g.y, sum);
    sum = fma((double)g.z, (double)g.z, sum);
    return fma((double)g.w, (double)g.w, sum);
}

KERNEL_BOUNDED(adam_squares, 256, 4)
(const float* encoder, int encoder_rows, const float* decoder, int decoder_rows, int dim, double* squares)
{
    int row = blockIdx.x * WARPS + WARP;
    if (row >= encoder_rows + decoder_rows) return;
    const float* g = row < encoder_rows ? encoder + (u64)row * dim
                                        : decoder + (u64)(row - encoder_rows) * dim;
    double sum = 0.0;
    if (dim % 4 == 0) {
        for (int i = LANE; i < dim / 4; i += 32) sum += adam_square4(((const float4*)g)[i]);
    } else {
        for (int i = LANE; i < dim; i += 32) sum = fma((double)g[i], (double)g[i], sum);
    }
    sum = warp_sum(sum);
    if (LANE == 0) squares[row] = sum;
}

DEVICE double adam_vector_squares(const float* g, int length, double sum)
{
    for (int i = threadIdx.x; i < length; i += blockDim.x) sum = fma((double)g[i], (double)g[i], sum);
    return sum;
}

KERNEL_BOUNDED(adam_norm, 1024, 1)
(const double* squares, int rows, const float* g0, int n0, const float* g1, int n1, const float* g2, int n2,
 const float* g3, int n3, const float* g4, int n4, double* norm)
{
    BLOCK_SHARED double scratch[32];
    double sum = 0.0;
    for (int i = threadIdx.x; i < rows; i += blockDim.x) sum += squares[i];
    sum = adam_vector_squares(g0, n0, sum);
    sum = adam_vector_squares(g1, n1, sum);
    sum = adam_vector_squares(g2, n2, sum);
    sum = adam_vector_squares(g3, n3, sum);
    sum = adam_vector_squares(g4, n4, sum);
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) *norm = sqrt(sum);
}

KERNEL_BOUNDED(adam_matrices, 256, 3)
(const float* encoder_g, float* encoder_m, float* encoder_v, float* encoder_p, int encoder_rows,
 const float* decoder_g, float* decoder_m, float* decoder_v, float* decoder_p, int decoder_rows, int dim,
 u16* encoder_bf16, float* norms, const double* norm, const int* diverged, const float* rate,
 const float* root_correction, float one_minus_beta1, float beta2, float one_minus_beta2, float epsilon)
{
    double size = *norm;
    if (!adam_is_finite(size) || *diverged != 0) return;
    int row = blockIdx.x * WARPS + WARP;
    if (row >= encoder_rows + decoder_rows) return;

    AdamFactors f = {adam_clip(size), one_minus_beta1, beta2, one_minus_beta2, *rate, *root_correction, epsilon};
    bool is_encoder = row < encoder_rows;
    u64 offset = (u64)(is_encoder ? row : row - encoder_rows) * dim;
    const float* g = (is_encoder ? encoder_g : decoder_g) + offset;
    float* m = (is_encoder ? encoder_m : decoder_m) + offset;
    float* v = (is_encoder ? encoder_v : decoder_v) + offset;
    float* p = (is_encoder ? encoder_p : decoder_p) + offset;
    u16* low = is_encoder && encoder_bf16 ? encoder_bf16 + offset : 0;
    float sum = 0.0f;

    if (dim % 4 == 0) {
        for (int i = LANE; i < dim / 4; i += 32) {
            float4 gradient = __ldcs((const float4*)g + i);
            float4 mean = __ldcs((const float4*)m + i);
            float4 square = __ldcs((const float4*)v + i);
            float4 parameter = ((const float4*)p)[i];
            adam_update(f, gradient.x, mean.x, square.x, parameter.x);
            adam_update(f, gradient.y, mean.y, square.y, parameter.y);
            adam_update(f, gradient.z, mean.z, square.z, parameter.z);
            adam_update(f, gradient.w, mean.w, square.w, parameter.w);
            __stcs((float4*)m + i, mean);
            __stcs((float4*)v + i, square);
            ((float4*)p)[i] = parameter;
            if (low)
                ((ushort4*)low)[i] = make_ushort4(float_to_bf16(parameter.x), float_to_bf16(parameter.y),
                                                  float_to_bf16(parameter.z), float_to_bf16(parameter.w));
            sum = fmaf(parameter.x, parameter.x, sum);
            sum = fmaf(parameter.y, parameter.y, sum);
            sum = fmaf(parameter.z, parameter.z, sum);
            sum = fmaf(parameter.w, parameter.w, sum);
        }
    } else {
        for (int i = LANE; i < dim; i += 32) {
            float mean = m[i], square = v[i], parameter = p[i];
            adam_update(f, g[i], mean, square, parameter);
            m[i] = mean;
            v[i] = square;
            p[i] = parameter;
            if (low) low[i] = float_to_bf16(parameter);
            sum = fmaf(parameter, parameter, sum);
        }
    }
    sum = warp_sum(sum);
    if (!is_encoder && LANE == 0) norms[row - encoder_rows] = sqrtf(sum);
}

KERNEL_BOUNDED(adam_vectors, 256, 1)
(const float* g0, float* m0, float* v0, float* p0, int n0, const float* g1, float* m1, float* v1, float* p1, int n1,
 const float* g2, float* m2, float* v2, float* p2, int n2, const float* g3, float* m3, float* v3, float* p3, int n3,
 const float* g4, float* m4, float* v4, float* p4, int n4, const double* norm, const int* step, int* diverged,
 const float* rate, const float* root_correction, float one_minus_beta1, float beta2, float one_minus_beta2,
 float epsilon)
{
    double size = *norm;
    if (!adam_is_finite(size)) {
        if (blockIdx.x == 0 && blockIdx.y == 0 && threadIdx.x == 0 && *diverged == 0) *diverged = *step + 1;
        return;
    }
    if (*diverged != 0) return;

    AdamFactors f = {adam_clip(size), one_minus_beta1, beta2, one_minus_beta2, *rate, *root_correction, epsilon};
    const float* g = g0;
    float *m = m0, *v = v0, *p = p0;
    int length = n0;
    switch (blockIdx.y) {
    case 1: g = g1, m = m1, v = v1, p = p1, length = n1; break;
    case 2: g = g2, m = m2, v = v2, p = p2, length = n2; break;
    case 3: g = g3, m = m3, v = v3, p = p3, length = n3; break;
    case 4: g = g4, m = m4, v = v4, p = p4, length = n4; break;
    }
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < length) {
        float mean = m[i], square = v[i], parameter = p[i];
        adam_update(f, g[i], mean, square, parameter);
        m[i] = mean;
        v[i] = square;
        p[i] = parameter;
    }
}
