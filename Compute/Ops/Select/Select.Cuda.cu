// Select: which entries of pre (B, L) stay; see Select.fs for the order and the ties. This file has what all
// selections stand on and those that take every entry by a rule of its own; SelectBatch.Cuda.cu and
// SelectRows.Cuda.cu have BatchTopK and TopK.
//
// An entry's size is a word of 64 bits: the bits of its compared value (pre · scale, or its absolute value; 0
// where it may not stay) above the complement of its position. Larger words go first, no two are equal, and
// so "the n largest with ties to the lower position" is "all words from the n-th largest on". That word is found
// by counting digits of 11 bits (integer atomics, where only sums count): the result does not depend on the
// order of anything.
//
// Floor of select_above and select_gated: reading pre once, 4·B·L bytes (16 MB at B 1024, L 4096: 4 to 5 us from
// memory, 3 us from L2).
// Bitwise.

#define SELECT_THREADS 256
#define SELECT_DIGITS 2048
#define SELECT_FEW 256 // words that are ranked by comparing all with all; at most a thread each

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

    // Writes a word of a list of at most SELECT_FEW.
    __device__ __forceinline__ void list(int i, u64 word)
    {
        histogram[i] = (u32)(word >> 32);
        histogram[SELECT_FEW + i] = (u32)word;
    }

    __device__ __forceinline__ u64 listed(int i) const
    {
        return (u64)histogram[i] << 32 | histogram[SELECT_FEW + i];
    }
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

// The number of this rank, from 1, among numbers of 32 bits: each(visit) calls visit(number) for all of them,
// shared out over the block's threads. shared.place tells the rank among its equals and their number.
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

// The word of this rank, from 1, at most the number of words; each(visit) as above. Where all words of its key
// stay the lower half is 0.
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

// The word of this rank, from 1, among the words listed, by comparing all with all. It waits for all threads to
// have listed theirs.
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
