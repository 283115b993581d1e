// Select: which entries of pre (B, L) stay. See Select.fs for the order and the ties.
//
// An entry's size is a word of 64 bits: the bits of its compared value (pre · scale, or the absolute value; 0 where it
// may not stay) above the complement of its position. Larger words go first, no two are equal, and so "the n
// largest with ties to the lower position" is "all words from the n-th largest on". That word is found by counting
// digits of 11 bits (integer atomics, where only sums count): the result does not depend on the order of anything.
//
// BatchTopK, three launches:
//   select_filter  (B blocks of 256): each row's entries from a guessed bound on, 0.9 of the last batch's smallest value,
//                  to its room in the codes; their values are counted in 4096 narrow bins.
//   select_narrow  (B/8 blocks of 256): all blocks find the bin that the last value to be kept lies in, gather
//                  that bin's entries, and the last block to end finds the exact word among them. Where the guess
//                  was too high the blocks filter again from 0 on instead and the last block searches all rows.
//   select_prune   (B/8 blocks of 256): a warp per row takes out what is below the word, in place.
// TopK: one launch, a block per row, the same way within the block. The guesses cost or save time and never
// change a result.
//
// Floor: reading pre once, 4·B·L bytes (16 MB at B 1024, L 4096: 4 to 5 us from memory, 3 us from L2) and two
// short launches of 2 us for BatchTopK.
// Bitwise.

#define SELECT_THREADS 256
#define SELECT_DIGITS 2048
#define SELECT_BINS 4096
#define SELECT_FEW 256 // words that are ranked by comparing all with all; at most a thread each
#define SELECT_NONE 0xffffffffffffffffull

// Words that live from launch to launch.
enum SelectState {
    SELECT_BOUND,  // bits of the guess
    SELECT_TICKET, // blocks that have ended
    SELECT_LISTED, // entries gathered by select_narrow
    SELECT_SUM,    // of the upper halves of the rows' smallest values, and
    SELECT_SUMMED  // the number of those rows
};

// Where a search over digits has come to.
struct SelectPlace {
    u32 digit;
    u32 rank; // of the wanted word among those of this digit, from 1
    u32 equal; // words of this digit
};

struct SelectShared {
    // Counts of digits, or a list: upper halves of its words, then lower halves.
    __align__(16) u32 histogram[SELECT_DIGITS];
    int scratch[32];
    SelectPlace place;
    u64 word;
    bool last;

    // Takes part of a list of at most SELECT_FEW words.
    __device__ __forceinline__ void list(int i, u64 word)
    {
        histogram[i] = (u32)(word >> 32);
        histogram[SELECT_FEW + i] = (u32)word;
    }

    __device__ __forceinline__ u64 listed(int i) const { return (u64)histogram[i] << 32 | histogram[SELECT_FEW + i]; }
};

// The bits of what an entry is compared by; 0 where it may not stay.
DEVICE u32 select_key(float x, float factor, int absolute)
{
    float compared = x * factor;
    if (absolute) compared = fabsf(compared);
    return compared > 0.0f ? __float_as_uint(compared) : 0u;
}

DEVICE u64 select_word(u32 key, u32 position) { return (u64)key << 32 | (u32)~position; }

// Whether this block is the last to come here; `tickets` is 0 before the first and after the last.
DEVICE bool select_is_last_block(u32* tickets, SelectShared& shared)
{
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        shared.last = atomicAdd(tickets, 1u) == gridDim.x - 1;
        if (shared.last) atomicExch(tickets, 0u);
        __threadfence();
    }
    __syncthreads();
    return shared.last;
}

// ---- the word of a given rank --------------------------------------------------------------------------

// Finds the digit among blockDim.x·N counts that the word of this rank lies in; load(first, n) gives counts
// first … first+N-1. Returns the sum of all counts. A rank of 0 or beyond them leaves the place as it was.
template <int N, class Load> DEVICE int select_locate(Load load, u32 rank, SelectShared& shared)
{
    u32 n[N];
    int first = ((int)blockDim.x - 1 - (int)threadIdx.x) * N, own = 0, all;
    load(first, n);
#pragma unroll
    for (int i = 0; i < N; i++) own += (int)n[i];
    u32 above = (u32)block_scan(own, all, shared.scratch);
#pragma unroll
    for (int i = N - 1; i >= 0; i--) {
        if (above < rank && rank <= above + n[i]) {
            shared.place.digit = (u32)(first + i);
            shared.place.rank = rank - above;
            shared.place.equal = n[i];
        }
        above += n[i];
    }
    __syncthreads();
    return all;
}

// The number of this rank, from 1, among numbers of 32 bits: each(visit) calls visit(number) for all of them, shared out
// over the block's threads. shared.place tells the rank among its equals and their number.
template <class Each> DEVICE u32 select_number(const Each& each, u32 rank, SelectShared& shared)
{
    u32 known = 0, prefix = 0;
    u32* histogram = shared.histogram;
    for (int shift = 21; shift >= 0; shift = shift == 21 ? 10 : shift - 10) {
        u32 digits = shift == 0 ? 1023u : 2047u;
        for (u32 i = threadIdx.x; i < SELECT_DIGITS; i += blockDim.x) histogram[i] = 0;
        __syncthreads();
        each([&](u32 number) {
            if ((number & known) == prefix) atomicAdd(&histogram[number >> shift & digits], 1u);
        });
        __syncthreads();
        auto load = [&](int first, u32* n) {
#pragma unroll
            for (int i = 0; i < SELECT_DIGITS / SELECT_THREADS; i++) n[i] = histogram[first + i];
        };
        select_locate<SELECT_DIGITS / SELECT_THREADS>(load, rank, shared);
        rank = shared.place.rank;
        prefix |= shared.place.digit << shift;
        known |= digits << shift;
        __syncthreads();
    }
    return prefix;
}

// The upper halves of words, and the lower halves of those with one upper half.
template <class Each> struct SelectUppers {
    const Each& each;

    template <class Visit> __device__ __forceinline__ void operator()(Visit visit) const
    {
        each([&](u64 word) { visit((u32)(word >> 32)); });
    }
};

template <class Each> struct SelectLowers {
    const Each& each;
    u32 upper;

    template <class Visit> __device__ __forceinline__ void operator()(Visit visit) const
    {
        u32 wanted = upper;
        each([&, wanted](u64 word) {
            if ((u32)(word >> 32) == wanted) visit((u32)word);
        });
    }
};

// The word of this rank, from 1, at most the number of words; each(visit) as above. Where all words of its key stay the
// low half is 0.
template <class Each> DEVICE u64 select_ranked(const Each& each, u32 rank, SelectShared& shared)
{
    SelectUppers<Each> uppers = {each};
    u32 upper = select_number(uppers, rank, shared);
    SelectPlace place = shared.place;
    __syncthreads();
    if (place.rank == place.equal) return (u64)upper << 32;
    SelectLowers<Each> lowers = {each, upper};
    return (u64)upper << 32 | select_number(lowers, place.rank, shared);
}

// The word of this rank, from 1, among the words listed, by comparing all with all. All threads have listed theirs,
// and none has to wait for that before.
DEVICE u64 select_ranked_few(int number, u32 rank, SelectShared& shared)
{
    int rounded = (number + 3) & ~3;
    for (int i = number + (int)threadIdx.x; i < rounded; i += (int)blockDim.x) shared.histogram[i] = 0;
    if (threadIdx.x == 0) shared.word = 0;
    __syncthreads();
    bool mine = (int)threadIdx.x < number;
    u32 own = mine ? shared.histogram[threadIdx.x] : 0u, larger = 0;
    if ((int)(WARP * 32) < number)
        for (int i = 0; i < rounded; i += 4) {
            uint4 four = *(const uint4*)(shared.histogram + i);
            larger += (four.x > own) + (four.y > own) + (four.z > own) + (four.w > own);
        }
    // Without ties one key has this rank. Where the ties begin with it, the lowest of them does.
    if (mine && larger + 1 == rank) atomicMax(&shared.word, shared.listed((int)threadIdx.x));
    __syncthreads();
    u64 word = shared.word;
    if (word != 0) return word;
    // Where ties begin before it their positions count.
    __syncthreads();
    u64 whole = mine ? shared.listed((int)threadIdx.x) : 0;
    larger = 0;
    for (int i = 0; i < number; i++) larger += shared.listed(i) > whole;
    if (mine && larger + 1 == rank) shared.word = whole;
    __syncthreads();
    return shared.word;
}

// ---- every entry that a rule of its own lets through ---------------------------------------------------

struct SelectAbove : CompactCodes {
    __device__ __forceinline__ bool take(int, float x, float threshold) const
    {
        return x > 0.0f && x > threshold;
    }
};

// Relu and JumpReLU: pre > 0 and pre > threshold (null: 0). A block per row.
KERNEL_BOUNDED(select_above, 256, 4)(
    const float* pre, const float* threshold, int latents, int* counts, int* index, float* value, int stride)
{
    BLOCK_SHARED int scratch[32];
    u64 room = (u64)blockIdx.x * stride;
    CompactSource source = {pre + (u64)blockIdx.x * latents, threshold, 0.0f, latents};
    SelectAbove rule;
    rule.index = index + room, rule.value = value + room;
    int count = compact_row(source, latents, rule, scratch);
    if (threadIdx.x == 0) counts[blockIdx.x] = count;
}

struct SelectMagnitude {
    const float* bias;
    const float* magnitude_scale;
    const float* magnitude_bias;
    int* index;
    float* value;

    __device__ __forceinline__ float magnitude(int j, float x) const
    {
        return expf(magnitude_scale[j]) * (x - bias[j]) + magnitude_bias[j];
    }

    __device__ __forceinline__ bool take(int j, float x, float) const
    {
        return x > 0.0f && magnitude(j, x) > 0.0f;
    }

    __device__ __forceinline__ void put(int place, int j, float x, float) const
    {
        index[place] = j;
        value[place] = magnitude(j, x);
    }
};

// Gated: open gates with pre, and the codes exp(r_mag)·(pre - b_enc) + b_mag that are above 0. A block per row.
KERNEL_BOUNDED(select_gated, 256, 2)(
    const float* pre, const float* bias, const float* magnitude_scale, const float* magnitude_bias, int latents,
    int* gate_counts, int* gate_index, float* gate_value, int gate_stride, int* counts, int* index, float* value,
    int stride)
{
    BLOCK_SHARED int scratch[32];
    CompactSource source = {pre + (u64)blockIdx.x * latents, nullptr, 0.0f, latents};
    u64 gate_room = (u64)blockIdx.x * gate_stride, room = (u64)blockIdx.x * stride;
    SelectAbove gates;
    gates.index = gate_index + gate_room, gates.value = gate_value + gate_room;
    int open = compact_row(source, latents, gates, scratch);
    SelectMagnitude rule = {bias, magnitude_scale, magnitude_bias, index + room, value + room};
    int count = compact_row(source, latents, rule, scratch);
    if (threadIdx.x == 0) {
        gate_counts[blockIdx.x] = open;
        counts[blockIdx.x] = count;
    }
}

// ---- the largest of a batch ----------------------------------------------------------------------------

// Bins are narrow, 2^12 steps of a float, from a guessed bound on, and 1/16 of an octave where there is none.
DEVICE int select_bin_shift(u32 bound) { return bound > 1 ? 12 : 19; }

struct SelectCandidates : CompactCodes {
    u32 bound;
    u32* histogram; // null: not counted

    __device__ __forceinline__ bool take(int, float x, float factor) const
    {
        return select_key(x, factor, 0) >= bound;
    }

    __device__ __forceinline__ void put(int place, int j, float x, float factor) const
    {
        CompactCodes::put(place, j, x, factor);
        if (histogram) {
            u32 bin = (select_key(x, factor, 0) - bound) >> select_bin_shift(bound);
            atomicAdd(&histogram[min(bin, SELECT_BINS - 1u)], 1u);
        }
    }
};

// The candidates of a row, by a whole block.
DEVICE void select_filter_row(
    const float* pre, const float* scale, int row, int latents, u32 bound, int* counts, int* index, float* value,
    int stride, u32* histogram, int* scratch)
{
    u64 room = (u64)row * stride;
    CompactSource source = {pre + (u64)row * latents, scale, 1.0f, latents};
    SelectCandidates rule;
    rule.index = index + room, rule.value = value + room;
    rule.bound = bound, rule.histogram = histogram;
    int count = compact_row(source, latents, rule, scratch);
    if (threadIdx.x == 0) counts[row] = count;
}

KERNEL_BOUNDED(select_filter, 256, 4)(
    const float* pre, const float* scale, int latents, int* counts, int* index, float* value, int stride,
    u32* histogram, const u32* state)
{
    BLOCK_SHARED int scratch[32];
    u32 bound = max(state[SELECT_BOUND], 1u);
    select_filter_row(pre, scale, blockIdx.x, latents, bound, counts, index, value, stride, histogram, scratch);
}

// The words of a batch's candidates with keys from `low` to `low + span`, shared out over a block: those of the list, or
// where it is null those of all rows, a warp per row.
struct SelectBatchWords {
    const u64* list;
    u32 listed;
    const float* scale;
    int rows;
    const int* counts;
    const int* index;
    const float* value;
    u32 stride, low, span;

    // What other blocks have written may not be taken from this one's cache.
    template <class Visit> __device__ __forceinline__ void operator()(Visit visit) const
    {
        if (list) {
            for (u32 i = threadIdx.x; i < listed; i += blockDim.x) visit(__ldcg(list + i));
            return;
        }
        for (u32 row = WARP; row < (u32)rows; row += WARPS) {
            u32 first = row * stride, count = (u32)__ldcg(counts + row);
            for (u32 e = first + LANE; e < first + count; e += 32) {
                u32 key = select_key(__ldcg(value + e), scale ? scale[__ldcg(index + e)] : 1.0f, 0);
                if (key - low <= span) visit(select_word(key, e));
            }
        }
    }
};

KERNEL_BOUNDED(select_narrow, 256, 2)(
    const float* pre, const float* scale, const int* wanted, int rows, int latents, int* counts, int* index,
    float* value, int stride, const u32* histogram, u64* list, int room, u32* state, u64* threshold, float* smallest)
{
    BLOCK_SHARED SelectShared shared;
    u32 bound = max(state[SELECT_BOUND], 1u), want = (u32)max(*wanted, 0);
    auto load = [&](int first, u32* n) {
#pragma unroll
        for (int i = 0; i < SELECT_BINS / SELECT_THREADS; i += 4) {
            uint4 four = *(const uint4*)(histogram + first + i);
            n[i] = four.x, n[i + 1] = four.y, n[i + 2] = four.z, n[i + 3] = four.w;
        }
    };
    u32 found = (u32)select_locate<SELECT_BINS / SELECT_THREADS>(load, want, shared);
    bool again = found < want && bound > 1;
    u32 kept = min(want, found);
    if (!again && kept < want) select_locate<SELECT_BINS / SELECT_THREADS>(load, kept, shared);

    // Keys that the last entry to be kept may have, and its rank among the entries with such keys.
    SelectPlace place = shared.place;
    u32 low = 1, span = 0x7f800000u;
    if (!again && kept > 0) {
        int shift = select_bin_shift(bound);
        low = bound + (place.digit << shift);
        span = place.digit == SELECT_BINS - 1 ? 0x7f800000u - min(low, 0x7f800000u) : (1u << shift) - 1;
    }
    bool listed = !again && kept > 0 && place.equal <= (u32)room;

    u32 row = blockIdx.x * WARPS + WARP;
    if (again) {
        for (u32 r = blockIdx.x * WARPS; r < min((blockIdx.x + 1) * WARPS, (u32)rows); r++)
            select_filter_row(
                pre, scale, r, latents, 1, counts, index, value, stride, nullptr, shared.scratch);
    } else if (listed && row < (u32)rows) {
        u32 first = row * (u32)stride, count = (u32)counts[row];
        for (u32 e = first + LANE; e < first + count; e += 32) {
            u32 key = select_key(value[e], scale ? scale[index[e]] : 1.0f, 0);
            if (key - low <= span) list[atomicAdd(&state[SELECT_LISTED], 1u)] = select_word(key, e);
        }
    }
    if (!select_is_last_block(&state[SELECT_TICKET], shared)) return;

    u32 rank = place.rank;
    if (again) {
        int own = 0;
        for (u32 r = threadIdx.x; r < (u32)rows; r += blockDim.x) own += __ldcg(counts + r);
        found = (u32)block_sum(own, shared.scratch);
        kept = rank = min(want, found);
    }
    u64 word = SELECT_NONE;
    if (kept > 0 && listed && place.equal <= SELECT_FEW) {
        if (threadIdx.x < place.equal) shared.list((int)threadIdx.x, __ldcg(list + threadIdx.x));
        word = select_ranked_few((int)place.equal, rank, shared);
    } else if (kept > 0) {
        SelectBatchWords each = {
            listed ? list : nullptr, place.equal, scale, rows, counts, index, value, (u32)stride, low, span};
        word = select_ranked(each, rank, shared);
    }
    if (threadIdx.x == 0) {
        float least = kept > 0 ? __uint_as_float((u32)(word >> 32)) : 0.0f;
        *threshold = word;
        *smallest = least;
        state[SELECT_LISTED] = 0;
        state[SELECT_BOUND] = __float_as_uint(0.9f * least);
    }
}

// Keeps the entries from the threshold on; the bins are emptied for the next batch.
KERNEL_BOUNDED(select_prune, 256, 4)(
    const float* scale, int rows, int* counts, int* index, float* value, int stride, u32* histogram,
    const u64* threshold)
{
    for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < SELECT_BINS; i += gridDim.x * blockDim.x)
        histogram[i] = 0;
    u32 row = blockIdx.x * WARPS + WARP;
    if (row >= (u32)rows) return;
    u64 least = *threshold;
    u32 first = row * (u32)stride, next = first;
    int count = counts[row];
    for (int i = 0; i < count; i += 32) {
        u32 e = first + i + LANE;
        bool inside = i + (int)LANE < count;
        int j = inside ? index[e] : 0;
        float x = inside ? value[e] : 0.0f;
        bool keep = inside && select_word(select_key(x, scale ? scale[j] : 1.0f, 0), e) >= least;
        u32 kept = __ballot_sync(FULL, keep); // all have read these 32 before any writes
        if (keep) {
            u32 target = next + __popc(kept & ((1u << LANE) - 1));
            index[target] = j;
            value[target] = x;
        }
        next += __popc(kept);
        __syncwarp();
    }
    if (LANE == 0) counts[row] = (int)(next - first);
}

// ---- the largest of each row ---------------------------------------------------------------------------

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
        if (place < SELECT_FEW) shared->list(place, select_word(select_key(x, factor, absolute), (u32)j));
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
    state[SELECT_TICKET] = 0;
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

    __device__ __forceinline__ void fetch(int first, float x[4], float o[4]) const
    {
#pragma unroll
        for (int c = 0; c < 4; c++) {
            int j = first + c < number ? indices[first + c] : -1;
            x[c] = j >= 0 ? row[j] : 0.0f;
            o[c] = j >= 0 && scale ? scale[j] : 1.0f;
        }
    }

    __device__ __forceinline__ bool take(int i, float x, float factor) const { return word(i, x, factor) >= least; }

    __device__ __forceinline__ void put(int place, int i, float x, float) const
    {
        index[place] = indices[i];
        value[place] = x;
    }
};

// The min(limit, number) largest of each row among the latents indices[0 … number-1], of any sign; a block per row.
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
        if (limit < among.number) {
            among.least = select_ranked(among, (u32)limit, shared);
        }
        count = compact_row(among, among.number, among, shared.scratch);
    }
    if (threadIdx.x == 0) counts[blockIdx.x] = count;
}
