// PreActLoss: dead latents towards their thresholds (PreActLoss.fs has the formula). `dead` (<= L) are the dead
// latents, ascending, *dead_count of them; blocks beyond those return at once.
//
// pre_act_below    one block of 1024 per 32 dead latents, a lane each; warps share the rows. below (groups, B): bit i
//                  of a word says whether the group's latent i lies below its threshold. Bias, threshold and by_norm
//                  get their gradients here.
// pre_act_encoder  one block per 8 dead latents and 32 columns: -slope sum of the inputs of the rows below, a column a
//                  lane; each of the eight warps takes every eighth row. The first block adds up the loss.
// Bitwise. Work B n D for n dead latents; inputs come from the L2 cache, once per 8 latents: about 15 us for n 300,
// 350 us for n 4096 at B 1024, D 768.

KERNEL_BOUNDED(pre_act_below, 1024, 1)
(double coefficient, const float* __restrict__ pre, const float* theta, const float* norms, const int* dead,
 const int* dead_count, int rows, int latents, u32* __restrict__ below, double* losses, float* bias, float* threshold,
 float* by_norm)
{
    BLOCK_SHARED double sums[1024];
    BLOCK_SHARED int counts[1024];
    int n = *dead_count;
    if ((int)blockIdx.x * 32 >= n) return;

    int place = blockIdx.x * 32 + LANE;
    int latent = place < n ? dead[place] : -1;
    float limit = latent >= 0 ? theta[latent] : 0.0f;
    double sum = 0.0;
    int count = 0;
#pragma unroll 4
    for (int row = WARP; row < rows; row += WARPS) {
        float value = latent >= 0 ? pre[(u64)row * latents + latent] : 0.0f;
        bool is_below = latent >= 0 && value < limit;
        if (is_below) {
            sum += (double)(limit - value);
            count++;
        }
        u32 word = __ballot_sync(FULL, is_below);
        if (LANE == 0) below[(u64)blockIdx.x * rows + row] = word;
    }
    sums[threadIdx.x] = sum;
    counts[threadIdx.x] = count;
    __syncthreads();
    if (WARP == 0 && latent >= 0) {
        for (u32 w = 1; w < WARPS; w++) {
            sum += sums[32 * w + LANE];
            count += counts[32 * w + LANE];
        }
        double weight = coefficient / (double)rows;
        double slope = weight * (double)norms[latent];
        float step = (float)(slope * (double)count);
        losses[place] = slope * sum;
        bias[latent] -= step;
        threshold[latent] += step;
        by_norm[latent] += (float)(weight * sum);
    }
}

KERNEL_BOUNDED(pre_act_encoder, 256, 4)
(double coefficient, const float* input, const float* norms, const int* dead, const int* dead_count, int rows,
 int dim, const u32* below, const double* losses, float* encoder, double* loss)
{
    BLOCK_SHARED double scratch[32];
    BLOCK_SHARED float parts[8][8][32];
    int n = *dead_count;
    if (blockIdx.x == 0 && blockIdx.y == 0) {
        double sum = 0.0;
        for (int i = threadIdx.x; i < n; i += blockDim.x) sum += losses[i];
        sum = block_sum(sum, scratch);
        if (threadIdx.x == 0) *loss = sum;
    }
    int first = blockIdx.x * 8;
    int col = blockIdx.y * 32 + LANE;
    if (first >= n) return;

    const u32* words = below + (u64)(first / 32) * rows;
    int shift = first % 32;
    float sums[8];
#pragma unroll
    for (int i = 0; i < 8; i++) sums[i] = 0.0f;
    if (col < dim) {
#pragma unroll 8
        for (int row = WARP; row < rows; row += 8) {
            u32 bits = words[row] >> shift;
            float x = input[(u64)row * dim + col];
#pragma unroll
            for (int i = 0; i < 8; i++) sums[i] += bits >> i & 1 ? x : 0.0f;
        }
    }
#pragma unroll
    for (int i = 0; i < 8; i++) parts[WARP][i][LANE] = sums[i];
    __syncthreads();

    // From here on a warp has a latent.
    int place = first + WARP;
    if (place < n && col < dim) {
        float sum = 0.0f;
        for (int w = 0; w < 8; w++) sum += parts[w][WARP][LANE];
        int latent = dead[place];
        float slope = (float)(coefficient / (double)rows * (double)norms[latent]);
        float* target = encoder + (u64)latent * dim + col;
        *target = fmaf(-slope, sum, *target);
    }
}
