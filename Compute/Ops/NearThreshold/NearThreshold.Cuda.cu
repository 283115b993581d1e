// NearThreshold: the entries of pre (B, L) that fire or lie near to their threshold; see NearThreshold.fs.
// A block of 256 threads per row. Floor: reading pre once, 4·B·L bytes. Bitwise.

struct NearThresholdRule {
    float bandwidth;
    int* index;
    float* value;
    float* near;

    __device__ __forceinline__ bool is_near(float x, float threshold) const
    {
        return fabsf((x - threshold) / bandwidth) < 0.5f;
    }

    __device__ __forceinline__ bool take(int, float x, float threshold) const
    {
        return x > threshold || is_near(x, threshold);
    }

    __device__ __forceinline__ void put(int place, int j, float x, float threshold) const
    {
        index[place] = j;
        value[place] = x > threshold ? x : 0.0f;
        near[place] = is_near(x, threshold) ? 1.0f : 0.0f;
    }
};

KERNEL_BOUNDED(near_threshold, 256, 4)(
    float bandwidth, const float* threshold, const float* pre, int latents, int* counts, int* index,
    float* value, int stride, float* near)
{
    BLOCK_SHARED int scratch[32];
    u64 room = (u64)blockIdx.x * stride;
    CompactSource source = {pre + (u64)blockIdx.x * latents, threshold, 0.0f, latents};
    NearThresholdRule rule = {bandwidth, index + room, value + room, near + room};
    int count = compact_row(source, latents, rule, scratch);
    if (threadIdx.x == 0) counts[blockIdx.x] = count;
}
