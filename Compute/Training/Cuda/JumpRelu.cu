// The losses of a JumpReLU SAE and its thresholds (JumpSparsity). near (by entry) is 1 within the rectangle around
// the threshold, else 0; theta (L) are the thresholds, at least 0.
//   jump_refresh     trained = exp(log theta), where that is what is trained; theta = max(0, trained)
//   jump_count       one block: the loss of the L0 (mode 0) or of its distance to the target (mode 1), and the slope
//                    by the step function, both from the number of codes; mode 2 has no such slope
//   jump_slopes      one block of 256 per row: gate and extra by entry, the CPU's bits
//   jump_thresholds  one warp per latent: its gradient from the entries of its list within the rectangle, in double
//   jump_trained     from theta to what is trained: times theta for log theta (is_log), 0 below 0 else
// Bitwise. Floor: 8 to 20 bytes per entry.

KERNEL_BOUNDED(jump_refresh, 256, 1)(const float* log_threshold, float* trained, float* theta, int latents)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= latents) return;
    float value = log_threshold ? expf(log_threshold[j]) : trained[j];
    if (log_threshold) trained[j] = value;
    theta[j] = value <= 0.0f ? 0.0f : value;
}

KERNEL_BOUNDED(jump_count, 1024, 1)
(int mode, const int* count, int rows, double bandwidth, const double* lambda, const double* target, double* by_step,
 double* loss)
{
    BLOCK_SHARED int scratch[32];
    int sum = 0;
    for (int row = threadIdx.x; row < rows; row += blockDim.x) sum += count[row];
    sum = block_sum(sum, scratch);
    if (threadIdx.x != 0) return;
    double l0 = (double)sum / (double)rows, per_entry = (double)rows * bandwidth;
    if (mode == 0) {
        *by_step = *lambda / per_entry;
        *loss = *lambda * l0;
    } else if (mode == 1) {
        double off = l0 / *target - 1.0;
        *by_step = 2.0 * *lambda * off / *target / per_entry;
        *loss = *lambda * off * off;
    } else {
        *by_step = 0.0;
    }
}

KERNEL_BOUNDED(jump_slopes, 256, 4)
(int straight_through, const int* count, const int* index, const float* value, int stride, const float* near,
 const float* by_value, const float* theta, float bandwidth, const double* by_step, float* gate, float* extra)
{
    u64 row = (u64)blockIdx.x * stride;
    int entries = count[blockIdx.x];
    float step = (float)*by_step;
    for (int i = threadIdx.x; i < entries; i += blockDim.x) {
        u64 e = row + i;
        float fires = value[e] != 0.0f ? 1.0f : 0.0f;
        float other = by_value ? by_value[e] : 0.0f;
        if (straight_through) {
            float share = fires + near[e] * theta[index[e]] / bandwidth;
            gate[e] = share;
            extra[e] = share * other + near[e] * step;
        } else {
            gate[e] = fires;
            extra[e] = fires * other;
        }
    }
}

DEVICE float jump_to_trained(int is_log, float trained, float theta, float gradient)
{
    return is_log ? theta * gradient : trained > 0.0f ? gradient : 0.0f;
}

KERNEL_BOUNDED(jump_thresholds, 256, 4)
(const int* start, const u32* entry, const float* near, const float* by_code, const float* by_value,
 const float* theta, const float* trained, double bandwidth, const double* by_step, int is_last, int is_log,
 float* gradient, int latents)
{
    int latent = blockIdx.x * WARPS + WARP;
    if (latent >= latents) return;
    float limit = theta[latent];
    double height = (double)limit / bandwidth, step = *by_step, sum = 0.0;
    for (int place = start[latent] + LANE; place < start[latent + 1]; place += 32) {
        u32 e = entry[place];
        if (near[e] != 0.0f) {
            double by_latent = (double)by_code[e] + (by_value ? (double)by_value[e] : 0.0);
            sum = sum - height * by_latent - step;
        }
    }
    sum = warp_sum(sum);
    if (LANE == 0)
        gradient[latent] = is_last ? jump_to_trained(is_log, trained[latent], limit, (float)sum) : (float)sum;
}

KERNEL_BOUNDED(jump_trained, 256, 1)
(int is_log, const float* trained, const float* theta, float* gradient, int latents)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j < latents) gradient[j] = jump_to_trained(is_log, trained[j], theta[j], gradient[j]);
}
