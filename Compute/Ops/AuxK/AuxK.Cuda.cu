// AuxK on the n dead latents alone (AuxK.fs has the formula), as dense products in float: most entries among the
// dead take part, so that sparse sums would read far more. n is read on the device; without dead latents every
// block returns at once. `acts` and `slopes` have room for (B, L); of their rows the first n numbers are used.
//
//   aux_k_variance   block (32 columns, x or errors) of 1024: parts of both total variances, by the mean first
//   aux_k_begin      one block of 128 per row: acts (B, n) from the codes of the dead latents, -0 where one did not
//                    take part (and +0 for a code of 0); the first block sets weight and factor = 2 weight / B
//   aux_k_errors     e (B, D) = acts W_dec + error + bias in tiles of 64x64; squares (B, tiles) of their rows
//   aux_k_slopes     slopes (B, n) = e W_dec^T where one took part, else 0, in tiles of 64x32; the first block adds up
//                    the loss
//   aux_k_gradients  dW_dec += factor acts^T e and dW_enc += factor slopes^T u in tiles of 32x64 (y: first those of
//                    the decoder, then the encoder's), db_enc += factor sum slopes
//   aux_k_entries    factor times slopes by entry of the codes
// Sums along the depth in order. Bitwise. 8 B n D FLOP: 2.5 GFLOP for n 400 at B 1024, D 768, floor 40 us at the 67
// TFLOP/s of float on an H100; about twice that from shared memory. For n below 50 latency decides: about 60 us.

#define AUX_K_DEPTH 16

template <int TM, int TN> struct AuxKTile {
    __align__(16) float a[AUX_K_DEPTH][16 * TM + 4];
    __align__(16) float b[AUX_K_DEPTH][16 * TN + 4];
};

// A matrix with the depth along its rows, and one across; rows of both may be given by a list.
struct AuxKAlong {
    static const bool along = true;
    const float* data;
    const int* list;
    int first, count, depth, stride;
    __device__ __forceinline__ float at(int i, int k) const
    {
        int row = first + i;
        if (row >= count || k >= depth) return 0.0f;
        return data[(u64)(list ? list[row] : row) * stride + k];
    }
};

struct AuxKAcross {
    static const bool along = false;
    const float* data;
    const int* list;
    int first, count, depth, stride;
    __device__ __forceinline__ float at(int i, int k) const
    {
        int col = first + i;
        if (col >= count || k >= depth) return 0.0f;
        return data[(u64)(list ? list[k] : k) * stride + col];
    }
};

// The i-th of T elements of a tile (16 T, depth) that a thread brings.
template <int T, class M> DEVICE int aux_k_row(int i)
{
    int e = threadIdx.x + 256 * i;
    return M::along ? e / AUX_K_DEPTH : e % (16 * T);
}

template <int T, class M> DEVICE int aux_k_depth(int i)
{
    int e = threadIdx.x + 256 * i;
    return M::along ? e % AUX_K_DEPTH : e / (16 * T);
}

template <int T> DEVICE void aux_k_read(const float* p, float* x)
{
    if (T == 4) {
        float4 v = *(const float4*)p;
        x[0] = v.x, x[1] = v.y, x[T - 2] = v.z, x[T - 1] = v.w;
    } else {
        float2 v = *(const float2*)p;
        x[0] = v.x, x[1] = v.y;
    }
}

// sums[i][j] = a's row TM·(thread / 16) + i by b's row TN·(thread % 16) + j, by 256 threads.
template <int TM, int TN, class A, class B>
DEVICE void aux_k_product(const A& a, const B& b, int depth, AuxKTile<TM, TN>& tile, float (&sums)[TM][TN])
{
    float next_a[TM], next_b[TN];
#pragma unroll
    for (int i = 0; i < TM; i++) {
        next_a[i] = a.at(aux_k_row<TM, A>(i), aux_k_depth<TM, A>(i));
#pragma unroll
        for (int j = 0; j < TN; j++) sums[i][j] = 0.0f;
    }
#pragma unroll
    for (int j = 0; j < TN; j++) next_b[j] = b.at(aux_k_row<TN, B>(j), aux_k_depth<TN, B>(j));

    for (int k = 0; k < depth; k += AUX_K_DEPTH) {
        __syncthreads();
#pragma unroll
        for (int i = 0; i < TM; i++) tile.a[aux_k_depth<TM, A>(i)][aux_k_row<TM, A>(i)] = next_a[i];
#pragma unroll
        for (int j = 0; j < TN; j++) tile.b[aux_k_depth<TN, B>(j)][aux_k_row<TN, B>(j)] = next_b[j];
        __syncthreads();

        // The next slice is on its way while this one is used; beyond the depth it is 0.
        int next = k + AUX_K_DEPTH;
#pragma unroll
        for (int i = 0; i < TM; i++) next_a[i] = a.at(aux_k_row<TM, A>(i), next + aux_k_depth<TM, A>(i));
#pragma unroll
        for (int j = 0; j < TN; j++) next_b[j] = b.at(aux_k_row<TN, B>(j), next + aux_k_depth<TN, B>(j));

#pragma unroll
        for (int d = 0; d < AUX_K_DEPTH; d++) {
            float x[TM], y[TN];
            aux_k_read<TM>(&tile.a[d][TM * (threadIdx.x / 16)], x);
            aux_k_read<TN>(&tile.b[d][TN * (threadIdx.x % 16)], y);
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) sums[i][j] = fmaf(x[i], y[j], sums[i][j]);
        }
    }
}

KERNEL_BOUNDED(aux_k_variance, 1024, 1)
(const int* dead_count, const float* x, const float* errors, int rows, int dim, double* parts)
{
    BLOCK_SHARED double sums[1024];
    BLOCK_SHARED double scratch[32];
    if (*dead_count == 0) return;
    const float* values = blockIdx.y == 0 ? x : errors;
    int col = blockIdx.x * 32 + LANE;
    double sum = 0.0;
    if (col < dim)
        for (int row = WARP; row < rows; row += 32) sum += (double)values[(u64)row * dim + col];
    sums[threadIdx.x] = sum;
    __syncthreads();
    double mean = 0.0, squares = 0.0;
    for (int w = 0; w < 32; w++) mean += sums[32 * w + LANE];
    mean /= (double)rows;
    if (col < dim) {
        for (int row = WARP; row < rows; row += 32) {
            double off = (double)values[(u64)row * dim + col] - mean;
            squares = fma(off, off, squares);
        }
    }
    squares = block_sum(squares, scratch);
    if (threadIdx.x == 0) parts[blockIdx.y * gridDim.x + blockIdx.x] = squares / (double)rows;
}

// The place of a latent among the n dead ones.
DEVICE int aux_k_place(const int* dead, int n, int latent)
{
    int low = 0, high = n - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (dead[middle] < latent) low = middle + 1;
        else high = middle;
    }
    return low;
}

// AuxK.weight, or AuxK.varianceWeight from the parts of both variances.
DEVICE double aux_k_weight(double coefficient, const double* parts, int tiles, int n, int half)
{
    if (!parts) return coefficient * fmin((double)n / (double)half, 1.0);
    double input = 0.0, residual = 0.0;
    for (int i = 0; i < tiles; i++) {
        input += parts[i];
        residual += parts[tiles + i];
    }
    return residual > 0.0 ? coefficient * input / residual : 0.0;
}

KERNEL_BOUNDED(aux_k_begin, 128, 8)
(double coefficient, const double* parts, int tiles, int half, const int* dead, const int* dead_count,
 const int* count, const int* index, const float* value, int stride, int latents, float* acts, double* weight,
 float* factor, double* loss)
{
    int n = *dead_count;
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        double w = n == 0 ? 0.0 : aux_k_weight(coefficient, parts, tiles, n, half);
        *weight = w;
        *factor = (float)(w * 2.0 / (double)gridDim.x);
        if (n == 0) *loss = 0.0;
    }
    if (n == 0) return;
    float* row = acts + (u64)blockIdx.x * latents;
    for (int i = threadIdx.x; i < n; i += blockDim.x) row[i] = -0.0f;
    __syncthreads();
    u64 first = (u64)blockIdx.x * stride;
    for (int i = threadIdx.x; i < count[blockIdx.x]; i += blockDim.x) {
        float act = value[first + i];
        row[aux_k_place(dead, n, index[first + i])] = act == 0.0f ? 0.0f : act;
    }
}

KERNEL_BOUNDED(aux_k_errors, 256, 2)
(const int* dead, const int* dead_count, const float* acts, const float* decoder, const float* errors,
 const float* bias, int rows, int dim, int latents, float* result, double* squares)
{
    BLOCK_SHARED AuxKTile<4, 4> tile;
    int n = *dead_count;
    if (n == 0) return;
    int row0 = blockIdx.y * 64, col0 = blockIdx.x * 64;
    AuxKAlong a = {acts, 0, row0, rows, n, latents};
    AuxKAcross b = {decoder, dead, col0, dim, n, dim};
    float sums[4][4];
    aux_k_product<4, 4>(a, b, n, tile, sums);

#pragma unroll
    for (int i = 0; i < 4; i++) {
        int row = row0 + 4 * (threadIdx.x / 16) + i;
        double square = 0.0;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            int col = col0 + 4 * (threadIdx.x % 16) + j;
            if (row < rows && col < dim) {
                u64 place = (u64)row * dim + col;
                float e = sums[i][j] + errors[place];
                if (bias) e += bias[col];
                result[place] = e;
                square = fma((double)e, (double)e, square);
            }
        }
        for (int offset = 8; offset > 0; offset >>= 1) square += __shfl_xor_sync(FULL, square, offset);
        if (threadIdx.x % 16 == 0 && row < rows) squares[(u64)row * gridDim.x + blockIdx.x] = square;
    }
}

KERNEL_BOUNDED(aux_k_slopes, 256, 2)
(const int* dead, const int* dead_count, const float* acts, const float* decoder, const float* errors,
 const double* squares, int tiles, const double* weight, int rows, int dim, int latents, float* slopes, double* loss)
{
    BLOCK_SHARED AuxKTile<4, 2> tile;
    BLOCK_SHARED double scratch[32];
    int n = *dead_count;
    if (n == 0) return;
    if (blockIdx.x == 0 && blockIdx.y == 0) {
        double sum = 0.0;
        for (int i = threadIdx.x; i < rows * tiles; i += blockDim.x) sum += squares[i];
        sum = block_sum(sum, scratch);
        if (threadIdx.x == 0) *loss = *weight * (sum / (double)rows);
    }
    int row0 = blockIdx.y * 64;
    for (int first = blockIdx.x * 32; first < n; first += gridDim.x * 32) {
        AuxKAlong a = {errors, 0, row0, rows, dim, dim};
        AuxKAlong b = {decoder, dead, first, n, dim, dim};
        float sums[4][2];
        aux_k_product<4, 2>(a, b, dim, tile, sums);

#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
                int row = row0 + 4 * (threadIdx.x / 16) + i, place = first + 2 * (threadIdx.x % 16) + j;
                if (row < rows && place < n) {
                    u64 at = (u64)row * latents + place;
                    slopes[at] = __float_as_uint(acts[at]) == 0x80000000u ? 0.0f : sums[i][j];
                }
            }
        }
    }
}

// db_enc of up to 32 latents: a latent a lane, rows shared by the eight warps.
DEVICE void aux_k_bias(const int* dead, int first, int n, const float* slopes, int rows, int latents, float factor,
                       double* scratch, float* bias)
{
    int place = first + LANE;
    double sum = 0.0;
    if (place < n)
        for (int row = WARP; row < rows; row += 8) sum += (double)slopes[(u64)row * latents + place];
    __syncthreads();
    scratch[threadIdx.x] = sum;
    __syncthreads();
    if (WARP == 0 && place < n) {
        for (int w = 1; w < 8; w++) sum += scratch[32 * w + LANE];
        bias[dead[place]] = bias[dead[place]] + factor * (float)sum;
    }
}

KERNEL_BOUNDED(aux_k_gradients, 256, 2)
(const int* dead, const int* dead_count, const float* acts, const float* slopes, const float* errors,
 const float* input, const float* factor, int rows, int dim, int latents, float* decoder, float* encoder,
 float* encoder_bias)
{
    BLOCK_SHARED AuxKTile<2, 4> tile;
    BLOCK_SHARED double scratch[256];
    int n = *dead_count;
    if (n == 0) return;
    float scale = *factor;
    int tiles = gridDim.y / 2;
    bool is_encoder = (int)blockIdx.y >= tiles;
    int col0 = (is_encoder ? blockIdx.y - tiles : blockIdx.y) * 64;
    for (int first = blockIdx.x * 32; first < n; first += gridDim.x * 32) {
        AuxKAcross a = {is_encoder ? slopes : acts, 0, first, n, rows, latents};
        AuxKAcross b = {is_encoder ? input : errors, 0, col0, dim, rows, dim};
        float sums[2][4];
        aux_k_product<2, 4>(a, b, rows, tile, sums);

#pragma unroll
        for (int i = 0; i < 2; i++) {
            int place = first + 2 * (threadIdx.x / 16) + i;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                int col = col0 + 4 * (threadIdx.x % 16) + j;
                if (place < n && col < dim) {
                    float* target = (is_encoder ? encoder : decoder) + (u64)dead[place] * dim + col;
                    *target = fmaf(scale, sums[i][j], *target);
                }
            }
        }
        if (is_encoder && col0 == 0)
            aux_k_bias(dead, first, n, slopes, rows, latents, scale, scratch, encoder_bias);
    }
}

KERNEL_BOUNDED(aux_k_entries, 128, 8)
(const int* dead, const int* dead_count, const int* count, const int* index, int stride, const float* slopes,
 const float* factor, int latents, float* by_entry)
{
    int n = *dead_count;
    u64 first = (u64)blockIdx.x * stride;
    for (int i = threadIdx.x; i < count[blockIdx.x]; i += blockDim.x) {
        int place = aux_k_place(dead, n, index[first + i]);
        by_entry[first + i] = *factor * slopes[(u64)blockIdx.x * latents + place];
    }
}
