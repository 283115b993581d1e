// The magnitudes of a gated SAE (GatedLatents): magnitude = exp(r) x'W + b_mag where its gate is open.
//   gated_factors   exp(r) (L)
//   gated_backward  one warp per latent, over its list of magnitudes: dr = sum of slope (value - b_mag);
//                   through (L) = db_gate + exp(r) db_mag, what reaches the encoder's input.
// Sums in double. Bitwise. Launch-bound.

KERNEL_BOUNDED(gated_factors, 256, 1)(const float* scale, float* factors, int latents)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j < latents) factors[j] = expf(scale[j]);
}

KERNEL_BOUNDED(gated_backward, 256, 4)
(const int* start, const u32* entry, const float* value, const float* slopes, const float* bias,
 const float* factors, const float* by_gate_bias, const float* by_bias, float* by_scale, float* through,
 int latents)
{
    int latent = blockIdx.x * WARPS + WARP;
    if (latent >= latents) return;
    float shift = bias[latent];
    double sum = 0.0;
    for (int place = start[latent] + LANE; place < start[latent + 1]; place += 32)
        sum += (double)slopes[entry[place]] * (double)(value[entry[place]] - shift);
    sum = warp_sum(sum);
    if (LANE == 0) {
        by_scale[latent] = (float)sum;
        through[latent] = by_gate_bias[latent] + factors[latent] * by_bias[latent];
    }
}
