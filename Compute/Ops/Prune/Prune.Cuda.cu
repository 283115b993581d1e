// Prune: leave-one-out scores of the entries of codes, and the entries whose score is above a threshold (Prune.fs).
// Floor at B 1024, K 25, D 768: 79 MB of decoder rows from L2, and again mostly from L1; about 25 us on an H100.
// Bitwise.

// rest (dim) = x - bias - sum of value · decoder row in index order, four columns a thread.
DEVICE void prune_rest4(
    float* rest, const float* x, const float* bias, const int* index, const float* value, const float* decoder, int n, int dim)
{
    for (int d = threadIdx.x * 4; d < dim; d += blockDim.x * 4) {
        float4 hat = *(const float4*)(bias + d);
#pragma unroll 4
        for (int e = 0; e < n; e++) {
            float4 w = *(const float4*)(decoder + (u64)index[e] * dim + d);
            float a = value[e];
            hat.x = fmaf(a, w.x, hat.x);
            hat.y = fmaf(a, w.y, hat.y);
            hat.z = fmaf(a, w.z, hat.z);
            hat.w = fmaf(a, w.w, hat.w);
        }
        float4 own = *(const float4*)(x + d);
        *(float4*)(rest + d) = make_float4(own.x - hat.x, own.y - hat.y, own.z - hat.z, own.w - hat.w);
    }
}

// The same for any dim.
DEVICE void prune_rest1(
    float* rest, const float* x, const float* bias, const int* index, const float* value, const float* decoder, int n, int dim)
{
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        float hat = bias[d];
#pragma unroll 4
        for (int e = 0; e < n; e++) hat = fmaf(value[e], decoder[(u64)index[e] * dim + d], hat);
        rest[d] = x[d] - hat;
    }
}

// The warp's sum of a · b, in every lane.
DEVICE float prune_dot(const float* a, const float* b, int dim)
{
    float sum = 0.0f;
    if (dim % 4 == 0)
        for (int d = LANE * 4; d < dim; d += 128) {
            float4 p = *(const float4*)(a + d), q = *(const float4*)(b + d);
            sum = fmaf(p.x, q.x, fmaf(p.y, q.y, fmaf(p.z, q.z, fmaf(p.w, q.w, sum))));
        }
    else
        for (int d = LANE; d < dim; d += 32) sum = fmaf(a[d], b[d], sum);
    return warp_sum(sum);
}

// scores by entry, in units of x: times the row's factor, if x was divided by one (null: it was not). One block of
// 256 threads per row, dim floats of dynamic shared memory; a warp per entry.
KERNEL_BOUNDED(prune_scores, 256, 3)
(const float* x, const int* count, const int* index, const float* value, const float* decoder, const float* bias,
 const float* norms, const float* factors, float* scores, int dim, int stride)
{
    DYN_SHARED(float, rest);
    u64 first = (u64)blockIdx.x * stride;
    int n = count[blockIdx.x];
    const float* own = x + (u64)blockIdx.x * dim;
    index += first;
    value += first;
    if (dim % 4 == 0) prune_rest4(rest, own, bias, index, value, decoder, n, dim);
    else prune_rest1(rest, own, bias, index, value, decoder, n, dim);
    __syncthreads();
    for (int e = WARP; e < n; e += WARPS) {
        int latent = index[e];
        float a = value[e], norm = norms[latent];
        double projection = (double)prune_dot(rest, decoder + (u64)latent * dim, dim);
        double along = a < 0.0f ? -projection : projection;
        float score = (float)(along / (double)norm + (double)fabsf(a) * (double)norm);
        if (LANE == 0) scores[first + e] = factors ? score * factors[blockIdx.x] : score;
    }
}

// The entries with a score above the threshold, in their order; kept may be the codes themselves. A warp per row, 8
// rows per block of 256 threads.
KERNEL_BOUNDED(prune_keep, 256, 1)
(const int* count, const int* index, const float* value, const float* scores, int* kept_count, int* kept_index,
 float* kept_value, int rows, int stride, int kept_stride, float threshold)
{
    int row = blockIdx.x * 8 + WARP;
    if (row >= rows) return;
    u64 first = (u64)row * stride;
    u64 target = (u64)row * kept_stride;
    int n = count[row];
    for (int at = 0; at < n; at += 32) {
        int e = at + LANE;
        bool stays = e < n && scores[first + e] > threshold;
        int latent = e < n ? index[first + e] : 0;
        float a = e < n ? value[first + e] : 0.0f;
        u32 staying = __ballot_sync(FULL, stays);
        __syncwarp(); // all have read what is overwritten now
        if (stays) {
            u64 place = target + __popc(staying & ((1u << LANE) - 1));
            kept_index[place] = latent;
            kept_value[place] = a;
        }
        target += __popc(staying);
    }
    __syncwarp(); // all have read the count, which may be the same
    if (LANE == 0) kept_count[row] = (int)(target - (u64)row * kept_stride);
}
