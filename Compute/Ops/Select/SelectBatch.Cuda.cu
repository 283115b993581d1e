// BatchTopK: the largest of a batch, in three launches. Words: see Select.Cuda.cu.
//
//   select_filter  (B blocks of 256): each row's entries from a guessed bound on, 0.9 of the last batch's smallest
//                  value, to its room in the codes; their values are counted in 4096 narrow bins.
//   select_narrow  (B/8 blocks of 256): all blocks find the bin that the last value to be kept lies in and gather
//                  that bin's entries; the last block to end finds the exact word among them. Where the guess
//                  was too high the blocks filter again from 0 on instead, and the last block searches all rows.
//   select_prune   (B/8 blocks of 256): a warp per row takes out what is below the word, in place.
// The guess costs or saves time and never changes a result.
//
// Floor: reading pre once, 4·B·L bytes (16 MB at B 1024, L 4096: 4 to 5 us from memory, 3 us from L2), and two
// short launches of 2 to 3 us.
// Bitwise.

#define SELECT_BINS 4096
#define SELECT_NONE 0xffffffffffffffffull

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

// The words of a batch's candidates with keys from `low` to `low + span`, shared out over a block: those of the
// list, or where it is null those of all rows, a warp per row.
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
    float* value, int stride, const u32* histogram, u64* list, int room, u32* state, u64* threshold,
    float* smallest)
{
    BLOCK_SHARED SelectShared shared;
    // A warp gathers from a row; its first entries come while the bins are searched.
    u32 row = blockIdx.x * WARPS + WARP, first = row * (u32)stride;
    u32 count = row < (u32)rows ? (u32)counts[row] : 0u;
    auto key_at = [&](u32 i) {
        return i < count ? select_key(value[first + i], scale ? scale[index[first + i]] : 1.0f, 0) : 0u;
    };
    u32 key0 = key_at(LANE), key1 = key_at(LANE + 32);

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

    auto gather = [&](u32 key, u32 i) {
        if (key - low <= span) list[atomicAdd(&state[SELECT_LISTED], 1u)] = select_word(key, first + i);
    };
    if (again) {
        u32 end = min((blockIdx.x + 1) * WARPS, (u32)rows);
        for (u32 r = blockIdx.x * WARPS; r < end; r++)
            select_filter_row(pre, scale, r, latents, 1, counts, index, value, stride, nullptr, shared.scratch);
    } else if (listed) {
        gather(key0, LANE);
        gather(key1, LANE + 32);
        for (u32 i = LANE + 64; i < count; i += 32) gather(key_at(i), i);
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
        u32 kept = __ballot_sync(FULL, keep);
        __syncwarp(); // all have read these 32 before any writes
        if (keep) {
            u32 target = next + __popc(kept & ((1u << LANE) - 1));
            index[target] = j;
            value[target] = x;
        }
        next += __popc(kept);
        __syncwarp();
    }
    __syncwarp(); // all have read the count
    if (LANE == 0) counts[row] = (int)(next - first);
}
