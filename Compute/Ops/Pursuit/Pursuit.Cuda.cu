// Matching pursuit. A block of 256 threads per sample keeps the residual r (D) and, if they fit, the scores W·r (L) in
// shared memory. Choices by scores, values and norms from the residual itself, as on the CPU: with the Gram matrix G = W Wᵀ
// an iteration takes v·G_j from the scores; a bound on their rounding errors is carried along, and when it is too large
// for the largest score they are computed anew. Without G every launch does one iteration on scores that are fresh.
// Floor with G: L floats of G for every iteration of every sample, from L2. Bitwise.

#define PURSUIT_THREADS 256
// Bound on the scores' error, relative to the largest score; rounding error of a score, per unit of the norms that make
// it (PursuitCpu).
#define PURSUIT_MOST_DRIFT (1.0 / 256.0)
#define PURSUIT_ROUNDING 1.1920928955078125e-07

// The largest norm of a row of W, from the diagonal of G. One block.
KERNEL_BOUNDED(pursuit_largest_norm, 1024, 1)(const float* gram, int latents, double* largest)
{
    BLOCK_SHARED float scratch[32];
    float most = 0.0f;
    for (int j = threadIdx.x; j < latents; j += blockDim.x) {
        float square = gram[(u64)j * latents + j];
        most = square > most ? square : most;
    }
    most = warp_max(most);
    if (LANE == 0) scratch[WARP] = most;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (u32 w = 1; w < WARPS; w++) most = scratch[w] > most ? scratch[w] : most;
        largest[0] = sqrt((double)most);
    }
}

// Before the first iteration: r = x', nothing chosen. One block per sample.
KERNEL_BOUNDED(pursuit_begin, 256, 1)(const float* centred, float* residual, int* count, int* goes_on, int dim)
{
    u64 row = (u64)blockIdx.x * dim;
    for (int d = threadIdx.x; d < dim; d += blockDim.x) residual[row + d] = centred[row + d];
    if (threadIdx.x == 0) {
        count[blockIdx.x] = 0;
        goes_on[blockIdx.x] = 1;
    }
}

struct PursuitBest { float score; int latent; };

// The better of two: the larger score, of equals the lower latent.
DEVICE PursuitBest pursuit_better(PursuitBest a, PursuitBest b)
{
    return b.score > a.score || (b.score == a.score && b.latent < a.latent) ? b : a;
}

// The largest of L scores, in every thread.
DEVICE PursuitBest pursuit_best(const float* scores, int latents, PursuitBest* scratch)
{
    PursuitBest best = {-INFINITY_F, 0x7fffffff};
    for (int j = threadIdx.x; j < latents; j += blockDim.x) {
        PursuitBest other = {scores[j], j};
        best = pursuit_better(best, other);
    }
    for (int offset = 16; offset > 0; offset >>= 1) {
        PursuitBest other;
        other.score = __shfl_xor_sync(FULL, best.score, offset);
        other.latent = __shfl_xor_sync(FULL, best.latent, offset);
        best = pursuit_better(best, other);
    }
    __syncthreads();
    if (LANE == 0) scratch[WARP] = best;
    __syncthreads();
    best = scratch[0];
    for (u32 w = 1; w < WARPS; w++) best = pursuit_better(best, scratch[w]);
    return best;
}

DEVICE float pursuit_dot(const float* r, const float* w, int dim, float* scratch)
{
    float sum = 0.0f;
    for (int d = threadIdx.x; d < dim; d += blockDim.x) sum = fmaf(r[d], w[d], sum);
    return block_sum(sum, scratch);
}

DEVICE double pursuit_square(const float* r, int dim, double* scratch)
{
    double sum = 0.0;
    for (int d = threadIdx.x; d < dim; d += blockDim.x) sum += (double)r[d] * (double)r[d];
    return block_sum(sum, scratch);
}

// Scores from the residual, a warp to a latent.
DEVICE void pursuit_rescore(float* scores, const float* r, const float* decoder, int latents, int dim)
{
    for (int j = WARP; j < latents; j += WARPS) {
        float sum = 0.0f;
        for (int d = LANE; d < dim; d += 32) sum = fmaf(r[d], decoder[(u64)j * dim + d], sum);
        sum = warp_sum(sum);
        if (LANE == 0) scores[j] = sum;
    }
}

// Up to `iterations` iterations of every sample that goes on. `gram` is null when each launch does one. Dynamic shared
// memory: D floats, and L more when `staged`.
KERNEL_BOUNDED(pursuit_iterate, 256, 1)(const float* decoder, const float* gram, const double* largest_norm,
                                        float* residual, float* scores, int latents, int dim, int staged,
                                        int iterations, const int* most, float threshold, int stop_on_duplicate,
                                        int* count, int* path_index, float* path_value, int stride, int* goes_on)
{
    DYN_SHARED(float, memory);
    BLOCK_SHARED PursuitBest best_scratch[32];
    BLOCK_SHARED float sums[32];
    BLOCK_SHARED double squares[32];
    BLOCK_SHARED int found;
    if (!goes_on[blockIdx.x]) return;
    float* r = memory;
    float* mine = scores + (u64)blockIdx.x * latents;
    float* s = staged ? memory + dim : mine;
    u64 row = (u64)blockIdx.x * dim, first = (u64)blockIdx.x * stride;
    for (int d = threadIdx.x; d < dim; d += blockDim.x) r[d] = residual[row + d];
    if (staged)
        for (int j = threadIdx.x; j < latents; j += blockDim.x) s[j] = mine[j];
    int chosen = count[blockIdx.x];
    int limit = most[0] < stride ? most[0] : stride;
    __syncthreads();
    double norm = gram ? largest_norm[0] : 0.0;
    double drift = gram ? PURSUIT_ROUNDING * norm * sqrt(pursuit_square(r, dim, squares)) : 0.0;
    bool fresh = true, more = true;
    for (int i = 0; i < iterations && more;) {
        PursuitBest best = pursuit_best(s, latents, best_scratch);
        if (!fresh && drift > PURSUIT_MOST_DRIFT * (double)best.score) {
            __syncthreads();
            pursuit_rescore(s, r, decoder, latents, dim);
            drift = PURSUIT_ROUNDING * norm * sqrt(pursuit_square(r, dim, squares));
            fresh = true;
            __syncthreads();
            continue;
        }
        i++;
        const float* w = decoder + (u64)best.latent * dim;
        float value = best.score > 0.0f ? pursuit_dot(r, w, dim, sums) : 0.0f;
        if (!(value > 0.0f)) {
            more = false;
            break;
        }
        for (int d = threadIdx.x; d < dim; d += blockDim.x) r[d] = fmaf(-value, w[d], r[d]);
        if (threadIdx.x == 0) found = 0;
        __syncthreads();
        double square = pursuit_square(r, dim, squares);
        if (stop_on_duplicate)
            for (int t = threadIdx.x; t < chosen; t += blockDim.x)
                if (path_index[first + t] == best.latent) atomicExch(&found, 1);
        __syncthreads();
        if (threadIdx.x == 0) {
            path_index[first + chosen] = best.latent;
            path_value[first + chosen] = value;
        }
        chosen++;
        more = chosen < limit && !found && !(threshold > 0.0f && sqrt(square) < (double)threshold);
        if (more && gram) {
            const float* g = gram + (u64)best.latent * latents;
            for (int j = threadIdx.x; j < latents; j += blockDim.x) s[j] = fmaf(-value, g[j], s[j]);
            drift += PURSUIT_ROUNDING * norm * sqrt(square) + PURSUIT_ROUNDING * (double)value * norm * norm;
            fresh = false;
        }
        __syncthreads(); // the path and the scores are there, `found` was read
    }
    for (int d = threadIdx.x; d < dim; d += blockDim.x) residual[row + d] = r[d];
    if (threadIdx.x == 0) {
        count[blockIdx.x] = chosen;
        goes_on[blockIdx.x] = more;
    }
}

// The codes of a path: each latent's values added up in the order of selection, by ascending latent; slot is the place
// of each entry of the path among the sample's codes. Paths have room for `stride` entries in a sample, codes for `room`.
// One block per sample.
KERNEL_BOUNDED(pursuit_merge, 128, 1)(const int* path_count, const int* path_index, const float* path_value, int stride,
                                      int room, int* slot, int* count, int* index, float* value)
{
    BLOCK_SHARED int distinct;
    u64 first = (u64)blockIdx.x * stride, codes = (u64)blockIdx.x * room;
    int n = path_count[blockIdx.x];
    if (threadIdx.x == 0) distinct = 0;
    __syncthreads();
    for (int t = threadIdx.x; t < n; t += blockDim.x) {
        int latent = path_index[first + t];
        bool is_first = true;
        for (int u = 0; u < t; u++) is_first = is_first && path_index[first + u] != latent;
        slot[first + t] = is_first;
        if (is_first) atomicAdd(&distinct, 1);
    }
    __syncthreads();
    for (int t = threadIdx.x; t < n; t += blockDim.x) {
        if (!slot[first + t]) continue;
        int latent = path_index[first + t], place = 0;
        float sum = 0.0f;
        for (int u = 0; u < n; u++) {
            place += slot[first + u] && path_index[first + u] < latent;
            if (path_index[first + u] == latent) sum += path_value[first + u];
        }
        index[codes + place] = latent;
        value[codes + place] = sum;
    }
    __syncthreads();
    for (int t = threadIdx.x; t < n; t += blockDim.x) {
        int place = 0;
        while (index[codes + place] != path_index[first + t]) place++;
        slot[first + t] = place;
    }
    if (threadIdx.x == 0) count[blockIdx.x] = distinct;
}

// For each code of samples first_sample …: its share of its latent's gradient as a row (D), the shares of one sample's
// repeated choices together; and nu_0 of each sample. Dynamic shared memory: 2 D floats. One block per sample.
KERNEL_BOUNDED(pursuit_rows, 256, 1)(const float* decoder, const float* centred, const float* error, const float* factor,
                                     const int* path_count, const int* path_index, const float* path_value,
                                     const int* slot, int stride, int room, int dim, int first_sample, float* rows,
                                     float* nus)
{
    DYN_SHARED(float, memory);
    BLOCK_SHARED float sums[32];
    float* r = memory;
    float* nu = memory + dim;
    int sample = first_sample + blockIdx.x;
    int n = path_count[sample];
    u64 row = (u64)sample * dim, first = (u64)sample * stride, rows_first = (u64)blockIdx.x * room;
    float c = factor[0];
    // A thread keeps to its own columns but for the sums.
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        r[d] = centred[row + d];
        nu[d] = c * error[row + d];
    }
    for (int t = 0; t < n; t++) {
        const float* w = decoder + (u64)path_index[first + t] * dim;
        float v = path_value[first + t];
        for (int d = threadIdx.x; d < dim; d += blockDim.x) r[d] = fmaf(-v, w[d], r[d]);
    }
    for (int t = n - 1; t >= 0; t--) {
        const float* w = decoder + (u64)path_index[first + t] * dim;
        float v = path_value[first + t];
        float delta = 0.0f;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) delta = fmaf(nu[d], w[d], delta);
        delta = block_sum(delta, sums);
        int place = slot[first + t];
        bool again = false;
        for (int u = t + 1; u < n; u++) again = again || slot[first + u] == place;
        float* target = rows + (rows_first + place) * dim;
        for (int d = threadIdx.x; d < dim; d += blockDim.x) {
            float before = fmaf(v, w[d], r[d]);
            float share = fmaf(delta, before, v * nu[d]);
            target[d] = again ? target[d] + share : share;
            r[d] = before;
            nu[d] = fmaf(-delta, w[d], nu[d]);
        }
    }
    for (int d = threadIdx.x; d < dim; d += blockDim.x) nus[row + d] = nu[d];
}

// The rows of each latent's codes added up in the order of the samples, those of samples first_sample … only; added to
// the gradient where `adds`, else written. One block per latent.
KERNEL_BOUNDED(pursuit_gather, 256, 1)(const float* rows, const int* start, const int* sample, const u32* entry,
                                       int room, int dim, int first_sample, int samples, int adds, float* gradient)
{
    int from = start[blockIdx.x], stop = start[blockIdx.x + 1];
    while (from < stop && sample[from] < first_sample) from++;
    while (from < stop && sample[stop - 1] >= first_sample + samples) stop--;
    const float* mine = rows - (u64)first_sample * room * dim;
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        float sum = adds ? gradient[(u64)blockIdx.x * dim + d] : 0.0f;
        int place = from;
        for (; place + 4 <= stop; place += 4) {
            float a = mine[(u64)entry[place] * dim + d], b = mine[(u64)entry[place + 1] * dim + d];
            float e = mine[(u64)entry[place + 2] * dim + d], f = mine[(u64)entry[place + 3] * dim + d];
            sum = (((sum + a) + b) + e) + f;
        }
        for (; place < stop; place++) sum += mine[(u64)entry[place] * dim + d];
        gradient[(u64)blockIdx.x * dim + d] = sum;
    }
}
