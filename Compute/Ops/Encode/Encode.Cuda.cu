// Encode: what the encoder reads. x (B, D) times an input scale, less the decoder bias (D):
//   scaled = factor x,  centred = scaled - bias, each written where it is wanted, the latter in bf16, too.
// One block per row. Bitwise, the CPU's bits. Floor at B 1024, D 768: 7.9 MB, 2.4 us at 3.35 TB/s.

// Simd.combine factor x 0 x.
DEVICE float encode_scaled(float factor, float x) { return fmaf(factor, x, 0.0f * x); }

template <int V>
DEVICE void encode_centre_row(const float* factor, const float* bias, const float* x, float* scaled, float* centred,
                              u16* low, int dim)
{
    float scale = factor ? *factor : 1.0f;
    for (int i = V * threadIdx.x; i < dim; i += V * blockDim.x) {
        Pack<V> value = pack_load<V>(x + i);
        if (factor) {
#pragma unroll
            for (int k = 0; k < V; k++) value.v[k] = encode_scaled(scale, value.v[k]);
        }
        if (scaled) pack_store<V>(scaled + i, value);
        if (bias) {
            Pack<V> b = pack_load<V>(bias + i);
#pragma unroll
            for (int k = 0; k < V; k++) value.v[k] -= b.v[k];
        }
        if (centred) pack_store<V>(centred + i, value);
        if (low) pack_store_bf16<V>(low + i, value);
    }
}

KERNEL_BOUNDED(encode_centre, 256, 4)
(const float* factor, const float* bias, const float* x, float* scaled, float* centred, u16* low, int dim)
{
    u64 row = (u64)blockIdx.x * dim;
    x += row;
    scaled = scaled ? scaled + row : scaled;
    centred = centred ? centred + row : centred;
    low = low ? low + row : low;
    if (dim % 4 == 0) encode_centre_row<4>(factor, bias, x, scaled, centred, low, dim);
    else encode_centre_row<1>(factor, bias, x, scaled, centred, low, dim);
}
