// TopK: the largest of each row, in one launch, and AuxK's choice among some latents. Words: see Select.Cuda.cu.
//
// A block of 256 threads per row lists the entries from a guessed bound on. Where those are enough and at most 256
// they are ranked by comparing all with all; otherwise the block counts digits of the whole row, as it does where only
// some latents take part. The guess costs or saves time and never changes a result.
//
// Floor: reading pre once, 4·B·L bytes (16 MB at B 1024, L 4096: 4 to 5 us from memory, 3 us from L2).
// Bitwise.

// The first SELECT_FEW entries from a bound on are listed.
struct SelectListing {
    SelectShared* shared;
    u32 bound;
    int absolute;

    __device__ __forceinline__ bool take(int, float x, float factor) const
    {
        return select_key(x, factor, absolute) >= bound;
    }

    __device__ __forceinline__ void put(int place, int j, float x, float factor) const
    {
        u32 key = select_key(x, factor, absolute);
        if (place < SELECT_FEW) shared->list(place, select_word(key, (u32)j));
    }
};

struct SelectFromWord : CompactCodes {
    u64 least;
    int absolute;

    __device__ __forceinline__ bool take(int j, float x, float factor) const
    {
        u32 key = select_key(x, factor, absolute);
        return key > 0 && select_word(key, (u32)j) >= least;
    }
};

// The words of a row, those of entries that may not stay with key 0.
struct SelectRowWords {
    const float* row;
    const float* scale;
    int absolute, latents;

    template <class Visit> __device__ __forceinline__ void operator()(Visit visit) const
    {
        for (int j = threadIdx.x; j < latents; j += (int)blockDim.x)
            visit(select_word(select_key(row[j], scale ? scale[j] : 1.0f, absolute), (u32)j));
    }
};

// Writes the words listed, from `least` on, in their order: by ascending latent. Returns their number.
DEVICE int select_emit_listed(
    const float* row, int number, u64 least, int* index, float* value, SelectShared& shared)
{
    u64 word = (int)threadIdx.x < number ? shared.listed((int)threadIdx.x) : 0;
    bool keep = word != 0 && word >= least;
    int count, place = block_scan(keep ? 1 : 0, count, shared.scratch);
    if (keep) {
        int j = (int)~(u32)word;
        index[place] = j;
        value[place] = row[j];
    }
    return count;
}

// The next guess: half an octave below the mean of the rows' smallest values (the mean of their bits).
DEVICE void select_guess(u32 least, bool full, u32* state)
{
    if (threadIdx.x != 0) return;
    if (full) {
        atomicAdd(&state[SELECT_SUM], least >> 16);
        atomicAdd(&state[SELECT_SUMMED], 1u);
    }
    __threadfence();
    if (atomicAdd(&state[SELECT_TICKET], 1u) != gridDim.x - 1) return;
    __threadfence();
    u32 sum = atomicExch(&state[SELECT_SUM], 0u), rows = atomicExch(&state[SELECT_SUMMED], 0u);
    u32 mean = rows > 0 ? (u32)(((u64)sum << 16) / rows) : 0u;
    state[SELECT_BOUND] = mean - min(mean, 1u << 22);
    atomicExch(&state[SELECT_TICKET], 0u);
}

// The k largest compared values above 0 of each row; a block per row.
KERNEL_BOUNDED(select_rows, 256, 4)(
    const float* pre, const float* scale, const int* k, int absolute, int latents, int* counts, int* index,
    float* value, int stride, u32* state)
{
    BLOCK_SHARED SelectShared shared;
    int want = min(*k, latents);
    if (want <= 0) {
        if (threadIdx.x == 0) counts[blockIdx.x] = 0;
        return;
    }
    const float* row = pre + (u64)blockIdx.x * latents;
    u64 room = (u64)blockIdx.x * stride;
    CompactSource source = {row, scale, 1.0f, latents};
    SelectListing listing = {&shared, max(state[SELECT_BOUND], 1u), absolute};
    int found = compact_row(source, latents, listing, shared.scratch), count;
    __syncthreads();
    u64 least = 0;
    if (found <= SELECT_FEW && (found >= want || listing.bound == 1)) {
        if (found >= want) least = select_ranked_few(found, (u32)want, shared);
        count = select_emit_listed(row, found, least, index + room, value + room, shared);
    } else {
        SelectRowWords each = {row, scale, absolute, latents};
        least = select_ranked(each, (u32)want, shared);
        SelectFromWord rule;
        rule.index = index + room, rule.value = value + room;
        rule.least = least, rule.absolute = absolute;
        count = compact_row(source, latents, rule, shared.scratch);
    }
    if (threadIdx.x == 0) counts[blockIdx.x] = count;
    select_guess((u32)(least >> 32), count == want, state);
}

// ---- the largest of some latents -----------------------------------------------------------------------

// The compared values of latents listed by ascending number.
struct SelectAmong {
    const float* row;
    const float* scale;
    const int* indices;
    int absolute, number;
    u64 least;
    int* index;
    float* value;

    __device__ __forceinline__ u64 word(int i, float x, float factor) const
    {
        float compared = x * factor;
        if (absolute) compared = fabsf(compared);
        return select_word(key_of_float(compared + 0.0f), (u32)i); // -0 is 0
    }

    template <class Visit> __device__ __forceinline__ void operator()(Visit visit) const
    {
        for (int i = threadIdx.x; i < number; i += (int)blockDim.x) {
            int j = indices[i];
            visit(word(i, row[j], scale ? scale[j] : 1.0f));
        }
    }

    __device__ __forceinline__ bool aligned() const { return false; }

    template <bool ALIGNED> __device__ __forceinline__ void fetch(int first, float x[4], float o[4]) const
    {
#pragma unroll
        for (int c = 0; c < 4; c++) {
            int j = first + c < number ? indices[first + c] : -1;
            x[c] = j >= 0 ? row[j] : 0.0f;
            o[c] = j >= 0 && scale ? scale[j] : 1.0f;
        }
    }

    __device__ __forceinline__ bool take(int i, float x, float factor) const
    {
        return word(i, x, factor) >= least;
    }

    __device__ __forceinline__ void put(int place, int i, float x, float) const
    {
        index[place] = indices[i];
        value[place] = x;
    }
};

// The min(limit, number) largest of each row among the latents indices[0 … number-1], of any sign; a block per
// row.
KERNEL_BOUNDED(select_among, 256, 2)(
    const float* pre, const float* scale, int absolute, const int* indices, const int* number, int limit,
    int latents, int* counts, int* index, float* value, int stride)
{
    BLOCK_SHARED SelectShared shared;
    u64 room = (u64)blockIdx.x * stride;
    SelectAmong among = {
        pre + (u64)blockIdx.x * latents, scale, indices, absolute, *number, 0, index + room, value + room};
    int count = 0;
    if (among.number > 0 && limit > 0) {
        if (limit < among.number) among.least = select_ranked(among, (u32)limit, shared);
        count = compact_row(among, among.number, among, shared.scratch);
    }
    if (threadIdx.x == 0) counts[blockIdx.x] = count;
}
