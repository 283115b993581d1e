// LatentGradients: for each entry (b, j) with code a, where e is row b of the block of j:
//
//   d = c e.W_dec,j     s = gate d + extra     dW_dec,j = c sum a e     dW_enc,j = scale_j sum s u_b     db_j = sum s
//
// over the samples b of latent j, in their order; and db_dec.
//
// One block per latent goes through its list. latent_gradients: a thread holds V columns (4 where D % 4 == 0) of W_dec,j
// and of both gradients, up to 1024 threads; four entries' rows of e and u are loaded at a time, their products with
// W_dec,j are summed over the block, and the same rows go into the gradients. latent_gradients_wide, for rows longer than
// that: first all products, a warp per entry, then the gradients column by column.
//
// All entries, in the order of the lists, are also cut into windows (32 entries, and more where there are so many that
// all blocks are busy anyway). Lists longer than two windows are left to the windows' blocks, which come first in the
// grid: a window holds at most the end of one such list and the beginning of another, or a part of one, since they are
// longer than itself. The block that ends last adds a list's partial sums in their order, so that no bit depends on
// which one that is. Bitwise.
//
// Floors at B 1024, D 768, L 4096, 25 entries a sample: 157 MB of e and u from L2, 13 MB of decoder, 25 MB of gradients:
// 35 us on an H100 (twice 79 MB of e with rows that are too long). Sums of columns: 13 MB of encoder and 3 MB an output,
// 6 us.

// Entries whose rows are loaded at a time, and entries in shared memory.
#define GRADIENT_LOADS 4
#define GRADIENT_STAGE 64
// Entries to a window, at least.
#define GRADIENT_WINDOW 32
// Columns per lane and round of a warp's product.
#define GRADIENT_DOTS 6
// Rows to a partial sum of columns.
#define COLUMN_ROWS 16

// ---- through latents -----------------------------------------------------------------------------------

struct GradientInputs {
    const float* decoder;
    const float* error;
    const float* input;
    const int* block;
    const float* factor;
    const float* scale;
    const int* index;
    const float* value;
    const float* gate;
    const float* extra;
    float* by_code;
    float* slope;
    const int* start;
    const int* sample;
    const u32* entry;
    int batch, dim;
};

// Where sums go: a latent's gradients, or a list's partial sums.
struct GradientTarget {
    float* decoder;
    float* encoder;
    float* bias;
    float c;
    float scale;
    bool adds;
};

struct GradientStage {
    int sample[GRADIENT_STAGE];
    u32 entry[GRADIENT_STAGE];
    float value[GRADIENT_STAGE];
    float gate[GRADIENT_STAGE];
    float extra[GRADIENT_STAGE]; // the slope, when that is known already
    float4 products[2][32];
    u32 earlier;
};

template <int V> DEVICE void latent_gradients_give(float* target, const Pack<V>& sum, float factor, bool adds)
{
    Pack<V> value = adds ? pack_load<V>(target) : pack_zero<V>();
#pragma unroll
    for (int i = 0; i < V; i++) value.v[i] = adds ? value.v[i] + factor * sum.v[i] : factor * sum.v[i];
    pack_store<V>(target, value);
}

DEVICE void latent_gradients_give_bias(const GradientTarget& to, float sum) { *to.bias = to.adds ? *to.bias + sum : sum; }

// Sums of four numbers over a warp: every lane gets the one of its number lane / 8.
DEVICE float latent_gradients_reduce(const float x[GRADIENT_LOADS])
{
    bool upper = LANE & 16, odd = LANE & 8;
    float a = upper ? x[2] : x[0], b = upper ? x[3] : x[1];
    a += __shfl_xor_sync(FULL, upper ? x[0] : x[2], 16);
    b += __shfl_xor_sync(FULL, upper ? x[1] : x[3], 16);
    float sum = odd ? b : a;
    sum += __shfl_xor_sync(FULL, odd ? a : b, 8);
    for (int offset = 4; offset > 0; offset >>= 1) sum += __shfl_xor_sync(FULL, sum, offset);
    return sum;
}

// A piece of the list of one latent, whose row of W_dec is `decoder`; error is that of its block.
template <int V>
DEVICE void latent_gradients_list(const GradientInputs& in, const float* decoder, const float* error, int first,
                                  int stop, const GradientTarget& to, GradientStage& stage)
{
    int column = threadIdx.x * V, warps = WARPS;
    bool mine = column < in.dim;
    float c = *in.factor, bias = 0.0f;
    Pack<V> w = mine ? pack_load<V>(decoder + column) : pack_zero<V>();
    Pack<V> by_decoder = pack_zero<V>(), by_encoder = pack_zero<V>();
    for (int begin = first; begin < stop; begin += GRADIENT_STAGE) {
        int staged = min(GRADIENT_STAGE, stop - begin);
        __syncthreads(); // the last entries have been read
        for (int i = threadIdx.x; i < staged; i += blockDim.x) {
            u32 entry = in.entry[begin + i];
            stage.entry[i] = entry;
            stage.sample[i] = in.sample[begin + i];
            stage.value[i] = in.value[entry];
            stage.gate[i] = in.gate ? in.gate[entry] : 1.0f;
            stage.extra[i] = in.extra ? in.extra[entry] : 0.0f;
        }
        __syncthreads();
        for (int i = 0; i < staged; i += GRADIENT_LOADS) {
            Pack<V> e[GRADIENT_LOADS], u[GRADIENT_LOADS];
            float product[GRADIENT_LOADS];
#pragma unroll
            for (int k = 0; k < GRADIENT_LOADS; k++) {
                bool is = mine && i + k < staged;
                u64 row = is ? (u64)stage.sample[i + k] * in.dim + column : 0;
                e[k] = is ? pack_load<V>(error + row) : pack_zero<V>();
                u[k] = is ? pack_load<V>(in.input + row) : pack_zero<V>();
            }
#pragma unroll
            for (int k = 0; k < GRADIENT_LOADS; k++) {
                product[k] = 0.0f;
#pragma unroll
                for (int v = 0; v < V; v++) product[k] = fmaf(e[k].v[v], w.v[v], product[k]);
            }
            // Two sets in turns: whoever writes one has seen all read the one before it.
            float4* products = stage.products[(i / GRADIENT_LOADS) & 1];
            float sum = latent_gradients_reduce(product);
            if (LANE % 8 == 0) ((float*)&products[WARP])[LANE / 8] = sum;
            __syncthreads();
            Pack<GRADIENT_LOADS> d = pack_zero<GRADIENT_LOADS>();
            for (int warp = 0; warp < warps; warp++)
                pack_add(d, 1.0f, pack_load<GRADIENT_LOADS>((const float*)&products[warp]));
#pragma unroll
            for (int k = 0; k < GRADIENT_LOADS; k++) {
                if (i + k < staged) {
                    float by_code = c * d.v[k];
                    float s = stage.gate[i + k] * by_code + stage.extra[i + k];
                    if (threadIdx.x == 0) {
                        u32 entry = stage.entry[i + k];
                        if (in.by_code) in.by_code[entry] = by_code;
                        in.slope[entry] = s;
                    }
                    pack_add(by_decoder, stage.value[i + k], e[k]);
                    pack_add(by_encoder, s, u[k]);
                    bias += s;
                }
            }
        }
    }
    if (mine) {
        latent_gradients_give<V>(to.decoder + column, by_decoder, to.c, to.adds);
        latent_gradients_give<V>(to.encoder + column, by_encoder, to.scale, to.adds);
    }
    if (threadIdx.x == 0) latent_gradients_give_bias(to, bias);
}

template <int V> DEVICE float latent_gradients_dot(const float* a, const float* b, int dim)
{
    Pack<V> sum = pack_zero<V>();
    for (int first = LANE * V; first < dim; first += 32 * V * GRADIENT_DOTS) {
        Pack<V> x[GRADIENT_DOTS], y[GRADIENT_DOTS];
#pragma unroll
        for (int i = 0; i < GRADIENT_DOTS; i++) {
            int column = first + 32 * V * i;
            x[i] = column < dim ? pack_load<V>(a + column) : pack_zero<V>();
            y[i] = column < dim ? pack_load<V>(b + column) : pack_zero<V>();
        }
#pragma unroll
        for (int i = 0; i < GRADIENT_DOTS; i++)
#pragma unroll
            for (int v = 0; v < V; v++) sum.v[v] = fmaf(x[i].v[v], y[i].v[v], sum.v[v]);
    }
    float total = sum.v[0];
    if constexpr (V == 4) total = (sum.v[0] + sum.v[1]) + (sum.v[2] + sum.v[3]);
    return warp_sum(total);
}

// The same for rows of any length.
template <int V>
DEVICE void latent_gradients_wide_list(const GradientInputs& in, const float* decoder, const float* error, int first,
                                       int stop, const GradientTarget& to, GradientStage& stage)
{
    float c = *in.factor;
    for (int place = first + WARP; place < stop; place += WARPS) {
        u32 entry = in.entry[place];
        float d = c * latent_gradients_dot<V>(decoder, error + (u64)in.sample[place] * in.dim, in.dim);
        if (LANE == 0) {
            if (in.by_code) in.by_code[entry] = d;
            in.slope[entry] = (in.gate ? in.gate[entry] : 1.0f) * d + (in.extra ? in.extra[entry] : 0.0f);
        }
    }
    float bias = 0.0f;
    for (int tile = 0; tile < in.dim; tile += blockDim.x * V) {
        int column = tile + threadIdx.x * V;
        bool mine = column < in.dim;
        Pack<V> by_decoder = pack_zero<V>(), by_encoder = pack_zero<V>();
        for (int begin = first; begin < stop; begin += GRADIENT_STAGE) {
            int staged = min(GRADIENT_STAGE, stop - begin);
            __syncthreads(); // slopes have been written, and the last entries read
            for (int i = threadIdx.x; i < staged; i += blockDim.x) {
                u32 entry = in.entry[begin + i];
                stage.sample[i] = in.sample[begin + i];
                stage.value[i] = in.value[entry];
                stage.extra[i] = in.slope[entry];
            }
            __syncthreads();
            for (int i = 0; mine && i < staged; i += GRADIENT_LOADS) {
                Pack<V> e[GRADIENT_LOADS], u[GRADIENT_LOADS];
#pragma unroll
                for (int k = 0; k < GRADIENT_LOADS; k++) {
                    bool is = i + k < staged;
                    u64 row = is ? (u64)stage.sample[i + k] * in.dim + column : 0;
                    e[k] = is ? pack_load<V>(error + row) : pack_zero<V>();
                    u[k] = is ? pack_load<V>(in.input + row) : pack_zero<V>();
                }
#pragma unroll
                for (int k = 0; k < GRADIENT_LOADS; k++) {
                    if (i + k < staged) {
                        pack_add(by_decoder, stage.value[i + k], e[k]);
                        pack_add(by_encoder, stage.extra[i + k], u[k]);
                    }
                }
            }
            if (tile == 0 && threadIdx.x == 0)
                for (int i = 0; i < staged; i++) bias += stage.extra[i];
        }
        if (mine) {
            latent_gradients_give<V>(to.decoder + column, by_decoder, to.c, to.adds);
            latent_gradients_give<V>(to.encoder + column, by_encoder, to.scale, to.adds);
        }
    }
    if (threadIdx.x == 0) latent_gradients_give_bias(to, bias);
}

// Partial sums of a list that begins at place `first` and has `pieces` of them, the first in window `window`; those of
// window w are number 2w, or 2w + 1 where the list begins within it.
template <int V>
DEVICE void latent_gradients_combine(const float* part, const float* part_bias, int window, bool within, int pieces,
                                     int dim, const GradientTarget& to)
{
    for (int column = threadIdx.x * V; column < dim; column += blockDim.x * V) {
        Pack<V> by_decoder = pack_zero<V>(), by_encoder = pack_zero<V>();
#pragma unroll 4
        for (int i = 0; i < pieces; i++) {
            u64 piece = 2 * (window + i) + (i == 0 && within);
            pack_add(by_decoder, 1.0f, pack_load<V>(part + 2 * piece * dim + column));
            pack_add(by_encoder, 1.0f, pack_load<V>(part + (2 * piece + 1) * dim + column));
        }
        latent_gradients_give<V>(to.decoder + column, by_decoder, to.c, to.adds);
        latent_gradients_give<V>(to.encoder + column, by_encoder, to.scale, to.adds);
    }
    if (threadIdx.x == 0) {
        float bias = 0.0f;
        for (int i = 0; i < pieces; i++) bias += part_bias[2 * (window + i) + (i == 0 && within)];
        latent_gradients_give_bias(to, bias);
    }
}

template <int V, bool wide>
DEVICE void latent_gradients_block(const GradientInputs& in, float* part, float* part_bias, u32* arrived,
                                   float* encoder, float* decoder, float* bias, int latents, int windows, int adds,
                                   GradientStage& stage)
{
    int entries = in.start[latents];
    int length = max(GRADIENT_WINDOW, (entries + windows - 1) / windows);
    int window = blockIdx.x;
    bool is_window = window < windows;
    int begin = 0, end = 0, latent = window - windows, last = latent;
    if (is_window) {
        begin = min(entries, window * length);
        end = min(entries, begin + length);
        if (begin == end) return;
        latent = in.index[in.entry[begin]];
        last = in.index[in.entry[end - 1]];
    }
    for (int side = 0; side < (latent == last ? 1 : 2); side++) {
        int j = side == 0 ? latent : last;
        int first = in.start[j], stop = in.start[j + 1];
        bool is_long = stop - first > 2 * length;
        if (is_long != is_window || (adds && first == stop)) continue;
        u64 row = (u64)j * in.dim;
        const float* w = in.decoder + row;
        const float* error = in.error + (in.block ? (u64)in.block[j] * in.batch * in.dim : 0);
        GradientTarget to = {decoder + row, encoder + row, bias + j, *in.factor, in.scale ? in.scale[j] : 1.0f,
                             adds != 0};
        GradientTarget target = to;
        if (is_window) {
            u64 piece = 2 * window + side;
            float* mine = part + 2 * piece * in.dim;
            GradientTarget partial = {mine, mine + in.dim, part_bias + piece, 1.0f, 1.0f, false};
            target = partial;
        }
        int from = is_window ? max(first, begin) : first, until = is_window ? min(stop, end) : stop;
        if constexpr (wide)
            latent_gradients_wide_list<V>(in, w, error, from, until, target, stage);
        else
            latent_gradients_list<V>(in, w, error, from, until, target, stage);
        if (!is_window) return;

        int first_window = first / length, pieces = (stop - 1) / length - first_window + 1;
        __threadfence();
        __syncthreads();
        if (threadIdx.x == 0) stage.earlier = atomicAdd(&arrived[j], 1u);
        __syncthreads();
        if (stage.earlier == (u32)pieces - 1) {
            __threadfence();
            latent_gradients_combine<V>(part, part_bias, first_window, first % length != 0, pieces, in.dim, to);
            if (threadIdx.x == 0) arrived[j] = 0;
        }
        __syncthreads(); // all have read how many came earlier
    }
}

// Grid: windows + latents blocks. part (2 * windows, 2, D), part_bias (2 * windows); arrived (L) is 0 before and after.
KERNEL_BOUNDED(latent_gradients, 1024, 1)
(const float* decoder, const float* error, const float* input, const int* block, const float* factor,
 const float* scale, const int* index, const float* value, const float* gate, const float* extra, float* by_code,
 float* slope, const int* start, const int* sample, const u32* entry, float* part, float* part_bias, u32* arrived,
 float* encoder_gradient, float* decoder_gradient, float* bias_gradient, int batch, int dim, int latents, int windows,
 int adds)
{
    BLOCK_SHARED GradientStage stage;
    GradientInputs in = {decoder, error, input, block, factor, scale, index, value, gate,
                         extra, by_code, slope, start, sample, entry, batch, dim};
    if (dim % 4 == 0)
        latent_gradients_block<4, false>(in, part, part_bias, arrived, encoder_gradient, decoder_gradient,
                                         bias_gradient, latents, windows, adds, stage);
    else
        latent_gradients_block<1, false>(in, part, part_bias, arrived, encoder_gradient, decoder_gradient,
                                         bias_gradient, latents, windows, adds, stage);
}

KERNEL_BOUNDED(latent_gradients_wide, 256, 3)
(const float* decoder, const float* error, const float* input, const int* block, const float* factor,
 const float* scale, const int* index, const float* value, const float* gate, const float* extra, float* by_code,
 float* slope, const int* start, const int* sample, const u32* entry, float* part, float* part_bias, u32* arrived,
 float* encoder_gradient, float* decoder_gradient, float* bias_gradient, int batch, int dim, int latents, int windows,
 int adds)
{
    BLOCK_SHARED GradientStage stage;
    GradientInputs in = {decoder, error, input, block, factor, scale, index, value, gate,
                         extra, by_code, slope, start, sample, entry, batch, dim};
    if (dim % 4 == 0)
        latent_gradients_block<4, true>(in, part, part_bias, arrived, encoder_gradient, decoder_gradient,
                                        bias_gradient, latents, windows, adds, stage);
    else
        latent_gradients_block<1, true>(in, part, part_bias, arrived, encoder_gradient, decoder_gradient,
                                        bias_gradient, latents, windows, adds, stage);
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
