// LatentGradients: for each entry (b, j) with code a, where e is row b of the block of j:
//
//   d = c e.W_dec,j     s = gate d + extra     dW_dec,j = c sum a e     dW_enc,j = scale_j sum s u_b     db_j = sum s
//
// over the samples b of latent j, in their order; db_dec; and what gradients by decoder norms give the decoder's rows.
//
// 1. latent_gradients_codes, by sample: one block per sample, a warp per entry; errors in shared memory where they
//    fit. One more block plans the second kernel.
// 2. latent_gradients_rows, by latent: one block per latent, a thread holds V columns of both rows (4 where D % 4 == 0).
//    Lists longer than a limit (64 entries, and more where there are so many entries that all blocks are busy anyway)
//    are cut into pieces of equal length with a block each, which come first in the grid; the block that ends last
//    adds the partial sums in their order. So the bits do not depend on which one that is: bitwise.
//
// Floors at B 1024, D 768, L 4096, 25 entries a sample: codes: 79 MB of decoder rows from L2, 15 us on an H100; rows:
// 157 MB of errors and inputs from L2 and 25 MB of gradients written, 35 us. db_dec: 13 MB of encoder and 3 MB an
// output, 6 us. Norms: 25 MB, 8 us if every latent has one.

// Columns per lane and round of the products.
#define GRADIENT_DOTS 6
// Entries whose rows are loaded at a time, and entries in shared memory.
#define GRADIENT_LOADS 4
#define GRADIENT_STAGE 64
// Rows to a partial sum of columns.
#define COLUMN_ROWS 16

// ---- by sample -----------------------------------------------------------------------------------------

template <int V> DEVICE float latent_gradients_dot(const float* a, const float* b, int dim)
{
    Pack<V> sum = pack_zero<V>();
    for (int first = LANE * V; first < dim; first += 32 * V * GRADIENT_DOTS) {
        Pack<V> x[GRADIENT_DOTS];
#pragma unroll
        for (int i = 0; i < GRADIENT_DOTS; i++) {
            int column = first + 32 * V * i;
            x[i] = column < dim ? pack_load<V>(a + column) : pack_zero<V>();
        }
#pragma unroll
        for (int i = 0; i < GRADIENT_DOTS; i++) {
            int column = first + 32 * V * i;
            if (column < dim) {
                Pack<V> y = pack_load<V>(b + column);
#pragma unroll
                for (int v = 0; v < V; v++) sum.v[v] = fmaf(x[i].v[v], y.v[v], sum.v[v]);
            }
        }
    }
    float total = sum.v[0];
    if constexpr (V == 4) total = (sum.v[0] + sum.v[1]) + (sum.v[2] + sum.v[3]);
    return warp_sum(total);
}

// Which latents have long lists, and where their pieces are: slot_start (L+1) by latent, slot_latent (slots) by slot.
DEVICE void latent_gradients_plan(const int* start, int* slot_start, int* slot_latent, int latents, int slots, int* scan)
{
    // Pieces of all latents together are at most 2 * entries / limit.
    i64 entries = start[latents];
    int limit = (int)max((i64)GRADIENT_STAGE, (2 * entries + slots - 1) / slots);
    int per = (latents + blockDim.x - 1) / blockDim.x;
    int first = min(latents, (int)threadIdx.x * per), stop = min(latents, first + per);
    int pieces = 0;
#pragma unroll 8
    for (int j = first; j < stop; j++) {
        int length = start[j + 1] - start[j];
        pieces += length > limit ? (length + limit - 1) / limit : 0;
    }
    int total;
    int slot = block_scan(pieces, total, scan);
    for (int j = first; j < stop; j++) {
        slot_start[j] = slot;
        int length = start[j + 1] - start[j];
        for (int stop_slot = slot + (length > limit ? (length + limit - 1) / limit : 0); slot < stop_slot; slot++)
            slot_latent[slot] = j;
    }
    if (threadIdx.x == 0) slot_start[latents] = total;
}

// Grid: batch + 1 blocks. staged = blocks of errors that are held in shared memory, 0 for none.
KERNEL_BOUNDED(latent_gradients_codes, 256, 4)
(const float* decoder, const float* error, const int* block, const float* factor, const int* count, const int* index,
 const float* gate, const float* extra, float* by_code, float* slope, const int* start, int* slot_start,
 int* slot_latent, int batch, int stride, int dim, int latents, int slots, int staged)
{
    BLOCK_SHARED int scan[32];
    DYN_SHARED(float, errors);
    if ((int)blockIdx.x == batch) {
        latent_gradients_plan(start, slot_start, slot_latent, latents, slots, scan);
        return;
    }
    u64 row = (u64)blockIdx.x * dim, between = (u64)batch * dim, first = (u64)blockIdx.x * stride;
    for (int m = 0; m < staged; m++)
        for (int d = threadIdx.x; d < dim; d += blockDim.x) errors[m * dim + d] = error[m * between + row + d];
    __syncthreads();
    float c = *factor;
    int entries = count[blockIdx.x];
    int warps = WARPS, next = (int)WARP < entries ? index[first + WARP] : 0;
    for (int entry = WARP; entry < entries; entry += warps) {
        int latent = next;
        if (entry + warps < entries) next = index[first + entry + warps];
        float open = gate ? gate[first + entry] : 1.0f;
        float more = extra ? extra[first + entry] : 0.0f;
        int m = block ? block[latent] : 0;
        const float* e = staged ? errors + m * dim : error + m * between + row;
        const float* w = decoder + (u64)latent * dim;
        float d = c * (dim % 4 == 0 ? latent_gradients_dot<4>(w, e, dim) : latent_gradients_dot<1>(w, e, dim));
        if (LANE == 0) {
            if (by_code) by_code[first + entry] = d;
            slope[first + entry] = open * d + more;
        }
    }
}

// ---- by latent -----------------------------------------------------------------------------------------

struct GradientStage {
    int sample[GRADIENT_STAGE];
    float value[GRADIENT_STAGE];
    float slope[GRADIENT_STAGE];
};

struct GradientRows {
    const float* error; // of the latent's block
    const float* input;
    const float* value;
    const float* slope;
    const int* sample;
    const u32* entry;
    int dim;
};

// What is done with the sums of a list at the columns of a thread: partial sums, or gradients.
struct GradientTarget {
    float* decoder;
    float* encoder;
    float* bias;
    float c;
    float scale;
    bool adds;
};

template <int V> DEVICE void latent_gradients_give(float* target, const Pack<V>& sum, float factor, bool adds)
{
    Pack<V> value;
    Pack<V> old = adds ? pack_load<V>(target) : pack_zero<V>();
#pragma unroll
    for (int i = 0; i < V; i++) value.v[i] = adds ? old.v[i] + factor * sum.v[i] : factor * sum.v[i];
    pack_store<V>(target, value);
}

template <int V>
DEVICE void latent_gradients_list(const GradientRows& from, int first, int stop, const GradientTarget& to,
                                  GradientStage& stage)
{
    for (int tile = 0; tile < from.dim; tile += blockDim.x * V) {
        int column = tile + threadIdx.x * V;
        bool mine = column < from.dim;
        Pack<V> by_decoder = pack_zero<V>(), by_encoder = pack_zero<V>();
        float bias = 0.0f;
        for (int begin = first; begin < stop; begin += GRADIENT_STAGE) {
            int staged = min(GRADIENT_STAGE, stop - begin);
            __syncthreads(); // the last entries have been read
            for (int i = threadIdx.x; i < staged; i += blockDim.x) {
                u32 entry = from.entry[begin + i];
                stage.sample[i] = from.sample[begin + i];
                stage.value[i] = from.value[entry];
                stage.slope[i] = from.slope[entry];
            }
            __syncthreads();
            if (WARP == 0)
                for (int i = LANE; i < staged; i += 32) bias += stage.slope[i];
            for (int i = 0; mine && i < staged; i += GRADIENT_LOADS) {
                Pack<V> e[GRADIENT_LOADS], u[GRADIENT_LOADS];
                float a[GRADIENT_LOADS], s[GRADIENT_LOADS];
#pragma unroll
                for (int k = 0; k < GRADIENT_LOADS; k++) {
                    bool is = i + k < staged;
                    u64 row = is ? (u64)stage.sample[i + k] * from.dim + column : 0;
                    a[k] = is ? stage.value[i + k] : 0.0f;
                    s[k] = is ? stage.slope[i + k] : 0.0f;
                    e[k] = a[k] != 0.0f ? pack_load<V>(from.error + row) : pack_zero<V>();
                    u[k] = s[k] != 0.0f ? pack_load<V>(from.input + row) : pack_zero<V>();
                }
#pragma unroll
                for (int k = 0; k < GRADIENT_LOADS; k++) {
                    pack_add(by_decoder, a[k], e[k]);
                    pack_add(by_encoder, s[k], u[k]);
                }
            }
        }
        if (mine) {
            latent_gradients_give<V>(to.decoder + column, by_decoder, to.c, to.adds);
            latent_gradients_give<V>(to.encoder + column, by_encoder, to.scale, to.adds);
        }
        if (tile == 0 && WARP == 0) {
            bias = warp_sum(bias);
            if (LANE == 0) *to.bias = to.adds ? *to.bias + bias : bias;
        }
    }
}

// The partial sums of a latent's pieces, added in their order.
template <int V>
DEVICE void latent_gradients_combine(const float* part, const float* part_bias, int pieces, int dim,
                                     const GradientTarget& to)
{
    for (int column = threadIdx.x * V; column < dim; column += blockDim.x * V) {
        Pack<V> by_decoder = pack_zero<V>(), by_encoder = pack_zero<V>();
#pragma unroll 4
        for (int i = 0; i < pieces; i++) {
            pack_add(by_decoder, 1.0f, pack_load<V>(part + (u64)(2 * i) * dim + column));
            pack_add(by_encoder, 1.0f, pack_load<V>(part + (u64)(2 * i + 1) * dim + column));
        }
        latent_gradients_give<V>(to.decoder + column, by_decoder, to.c, to.adds);
        latent_gradients_give<V>(to.encoder + column, by_encoder, to.scale, to.adds);
    }
    if (threadIdx.x == 0) {
        float bias = 0.0f;
        for (int i = 0; i < pieces; i++) bias += part_bias[i];
        *to.bias = to.adds ? *to.bias + bias : bias;
    }
}

// Grid: slots + latents blocks. part (slots, 2, D), part_bias (slots); arrived (slots) is 0 before and after.
KERNEL_BOUNDED(latent_gradients_rows, 256, 4)
(const float* error, const float* input, const int* block, const float* factor, const float* scale, const float* value,
 const float* slope, const int* start, const int* sample, const u32* entry, const int* slot_start,
 const int* slot_latent, float* part, float* part_bias, u32* arrived, float* encoder, float* decoder, float* bias,
 int batch, int dim, int latents, int slots, int adds)
{
    BLOCK_SHARED GradientStage stage;
    BLOCK_SHARED u32 earlier;
    int slot = blockIdx.x;
    bool is_piece = slot < slots;
    if (is_piece && slot >= slot_start[latents]) return;
    int latent = is_piece ? slot_latent[slot] : slot - slots;
    int first_slot = slot_start[latent], pieces = slot_start[latent + 1] - first_slot;
    if (!is_piece && pieces > 0) return;
    int first = start[latent], stop = start[latent + 1];
    if (adds && first == stop) return;

    GradientRows from = {error, input, value, slope, sample, entry, dim};
    if (block) from.error += (u64)block[latent] * batch * dim;
    u64 row = (u64)latent * dim;
    GradientTarget to = {decoder + row, encoder + row, bias + latent, *factor, scale ? scale[latent] : 1.0f, adds != 0};
    if (!is_piece) {
        if (dim % 4 == 0)
            latent_gradients_list<4>(from, first, stop, to, stage);
        else
            latent_gradients_list<1>(from, first, stop, to, stage);
        return;
    }

    int length = (stop - first + pieces - 1) / pieces;
    int begin = min(stop, first + (slot - first_slot) * length), end = min(stop, begin + length);
    float* mine = part + (u64)slot * 2 * dim;
    GradientTarget piece = {mine, mine + dim, part_bias + slot, 1.0f, 1.0f, false};
    if (dim % 4 == 0)
        latent_gradients_list<4>(from, begin, end, piece, stage);
    else
        latent_gradients_list<1>(from, begin, end, piece, stage);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) earlier = atomicAdd(&arrived[first_slot], 1u);
    __syncthreads();
    if (earlier != (u32)pieces - 1) return;
    __threadfence();
    const float* parts = part + (u64)first_slot * 2 * dim;
    if (dim % 4 == 0)
        latent_gradients_combine<4>(parts, part_bias + first_slot, pieces, dim, to);
    else
        latent_gradients_combine<1>(parts, part_bias + first_slot, pieces, dim, to);
    if (threadIdx.x == 0) arrived[first_slot] = 0;
}

// ---- sums of columns -----------------------------------------------------------------------------------

// Sums of up to 16 rows that begin at `row`, each row by its weight (1 for none).
template <int V>
DEVICE void latent_gradients_columns_of(const float* matrix, const float* weight, float factor, int row, int rows,
                                        float* partial, int dim)
{
    int taken = min(COLUMN_ROWS, rows - row);
    for (int column = threadIdx.x * V; column < dim; column += blockDim.x * V) {
        const float* from = matrix + (u64)row * dim + column;
        Pack<V> sum = pack_zero<V>();
        for (int half = 0; half < COLUMN_ROWS; half += 8) {
            Pack<V> x[8];
            float w[8];
#pragma unroll
            for (int i = 0; i < 8; i++) {
                w[i] = half + i >= taken ? 0.0f : weight ? weight[row + half + i] : 1.0f;
                x[i] = w[i] != 0.0f ? pack_load<V>(from + (u64)(half + i) * dim) : pack_zero<V>();
            }
#pragma unroll
            for (int i = 0; i < 8; i++) pack_add(sum, w[i], x[i]);
        }
#pragma unroll
        for (int i = 0; i < V; i++) sum.v[i] *= factor;
        pack_store<V>(partial + column, sum);
    }
}

// Block p makes row p of partial: factor * sums of 16 rows of a (rows, D), then of b (rows, D), then of -weights *
// encoder (encoder_rows, D). What is a null pointer has no blocks.
KERNEL_BOUNDED(latent_gradients_columns, 256, 4)
(const float* a, const float* a_factor, const float* b, const float* b_factor, const float* encoder,
 const float* weight, float* partial, int rows, int encoder_rows, int dim)
{
    int pieces = (rows + COLUMN_ROWS - 1) / COLUMN_ROWS, piece = blockIdx.x;
    const float* matrix = a;
    const float* weights = 0;
    float factor = 0.0f;
    int count = rows;
    if (a && piece < pieces) {
        factor = *a_factor;
    } else {
        if (a) piece -= pieces;
        if (b && piece < pieces) {
            matrix = b;
            factor = *b_factor;
        } else {
            if (b) piece -= pieces;
            matrix = encoder;
            weights = weight;
            factor = -1.0f;
            count = encoder_rows;
        }
    }
    float* target = partial + (u64)blockIdx.x * dim;
    if (dim % 4 == 0)
        latent_gradients_columns_of<4>(matrix, weights, factor, piece * COLUMN_ROWS, count, target, dim);
    else
        latent_gradients_columns_of<1>(matrix, weights, factor, piece * COLUMN_ROWS, count, target, dim);
}

// gradient (D) = sums of the columns of partial (pieces, D), in double; a block has 32 columns, each of its 16 warps a
// sixteenth of the pieces.
KERNEL_BOUNDED(latent_gradients_bias, 512, 2)(const float* partial, float* gradient, int pieces, int dim)
{
    BLOCK_SHARED double sums[16][32];
    int column = blockIdx.x * 32 + LANE;
    int per = (pieces + 15) / 16;
    int first = min(pieces, (int)WARP * per), stop = min(pieces, first + per);
    double sum = 0.0;
    if (column < dim) {
#pragma unroll 8
        for (int piece = first; piece < stop; piece++) sum += (double)partial[(u64)piece * dim + column];
    }
    sums[WARP][LANE] = sum;
    __syncthreads();
    if (WARP == 0 && column < dim) {
        double total = 0.0;
        for (int w = 0; w < 16; w++) total += sums[w][LANE];
        gradient[column] = (float)total;
    }
}

// ---- decoder norms -------------------------------------------------------------------------------------

// gradient_j += by_norm_j / norms_j W_dec,j; one block per latent.
KERNEL_BOUNDED(latent_gradients_norms, 256, 4)
(const float* decoder, const float* norms, const float* by_norm, float* gradient, int dim)
{
    float by = by_norm[blockIdx.x], norm = norms[blockIdx.x];
    if (by == 0.0f || !(norm > 0.0f)) return;
    float factor = by / norm;
    u64 row = (u64)blockIdx.x * dim;
    if (dim % 4 == 0) {
        for (int d = 4 * threadIdx.x; d < dim; d += 4 * blockDim.x) {
            Pack<4> sum = pack_load<4>(gradient + row + d);
            pack_add(sum, factor, pack_load<4>(decoder + row + d));
            pack_store<4>(gradient + row + d, sum);
        }
    } else {
        for (int d = threadIdx.x; d < dim; d += blockDim.x)
            gradient[row + d] = fmaf(factor, decoder[row + d], gradient[row + d]);
    }
}
