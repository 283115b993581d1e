// SampleCodes: the true features of samples *first ... *first+rows-1, equal to the bit to the other backends (the
// formulas: SampleCodes.fs; the layout of the world: SampleCodes.DeviceLayout.fs). Three kernels:
//
//   sample_factors     eps (rows, quarters*4), zeros from R on; the same as fragments for the tensor cores. A warp for a
//                      sample.
//   sample_candidates  which of the features that are tried in every sample may fire, as bits. A warp has a tile of 8
//                      Philox blocks = 32 features and, one octet after the other, SAMPLE_OCTETS*8 samples; a lane has one
//                      block in two samples of an octet, so that all four words of a draw are used. Two upper bounds stand
//                      in for what is tried: m by the tensor cores in tf32, with |F_i| |eps| times what rounding can do as
//                      one factor more; and the noise by the leading bits of its word (NormalBound.fs). There are some 1.2
//                      candidates for each feature that fires.
//   sample_codes       A block of 2 or 4 warps for a sample: tries the candidates exactly, then level after level what the
//                      active features open, a thread for each child; sorts the active ones into their row of the codes.
//
// Rows are rounded up to whole blocks of samples in all scratch space. Bitwise: slots are handed out by atomics, but the
// entries are sorted, and nothing is summed across threads but for |eps|.
//
// Floor for 1024 samples of the 16k world, R = 25 (1408 quads are tried always; 13 of their features fire in a sample, and
// 29 children are tried on each of three levels), on an H200; it is instructions, not memory (3 MB there and back):
//   sample_candidates  1.44 M (quad, sample) pairs of 78 instructions, 19 of them 32 x 32 bit products: 4 us at full rate;
//                      the tensor cores' 400 MFLOP are beside them. F passes through L2 16 times: 12 MB.
//   sample_codes       some 5000 instructions of a warp for a sample: 5 us at full rate, and 4 us one after the other.

#define SAMPLE_THREADS 128
#define SAMPLE_WARPS 4
#define SAMPLE_OCTETS 8 // of samples, for a block of sample_candidates
#define SAMPLE_TOGETHER 4 // octets whose m is found together
#define SAMPLE_WINDOW 512 // children that are tried between two looks at who excludes whom
#define SAMPLE_ROOM 512 // active features in shared memory; more are in the codes' row

// Where factor r of a sample is among the fragments: (octets, steps, 32 lanes, 2), a step being 8 factors.
DEVICE u64 sample_fragment(u64 sample, int steps, int r)
{
    return (((sample >> 3) * steps + (r >> 3)) * 32 + (sample & 7) * 4 + (r & 3)) * 2 + ((r >> 2) & 1);
}

KERNEL_BOUNDED(sample_factors, SAMPLE_THREADS, 1)(u64 seed, u32 stream, const i64* first, float* factors,
                                                  float* fragments, float slack, int rank, int quarters, int steps)
{
    u64 sample = (u64)blockIdx.x * SAMPLE_WARPS + WARP;
    float squares = 0.0f;
    for (int quarter = LANE; quarter < 2 * steps; quarter += 32) {
        float factor[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        if (quarter < quarters) {
            Words words = draw_block(seed, stream, PURPOSE_FACTOR, *first + (i64)sample, (u32)quarter);
#pragma unroll
            for (int i = 0; i < 4; i++)
                if (4 * quarter + i < rank) factor[i] = normal_of_word(words.w[i]);
            float4 four = {factor[0], factor[1], factor[2], factor[3]};
            ((float4*)factors)[sample * quarters + quarter] = four;
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int r = 4 * quarter + i;
            squares = fmaf(factor[i], factor[i], squares);
            if (r != rank) fragments[sample_fragment(sample, steps, r)] = factor[i];
        }
    }
    squares = warp_sum(squares);
    if (LANE == 0) fragments[sample_fragment(sample, steps, rank)] = slack * sqrtf(squares);
}

// Whether a feature may fire whose noise has this word; lane l holds NormalBound.table[l]. All lanes call it.
DEVICE bool sample_may_fire(u32 word, float bound, float sd, float mean, float threshold)
{
    u32 complement = ~word;
    if (complement < 0x10000u) complement = 0x10000u;
    float noise = __shfl_sync(FULL, bound, (int)((__float_as_uint((float)complement) >> 22) & 31u));
    return fmaf(sd, noise, mean) > threshold;
}

// The lanes in which the four features of a quad may fire in a sample, word by word.
DEVICE uint4 sample_lanes(Words words, float bound, float4 sd, float4 threshold, float m0, float m1, float m2, float m3)
{
    uint4 lanes;
    lanes.x = __ballot_sync(FULL, sample_may_fire(words.w[0], bound, sd.x, m0, threshold.x));
    lanes.y = __ballot_sync(FULL, sample_may_fire(words.w[1], bound, sd.y, m1, threshold.y));
    lanes.z = __ballot_sync(FULL, sample_may_fire(words.w[2], bound, sd.z, m2, threshold.z));
    lanes.w = __ballot_sync(FULL, sample_may_fire(words.w[3], bound, sd.w, m3, threshold.w));
    return lanes;
}

// quads (tiles*8); tile_law (tiles*8, 8): tau, then sigma, of a quad; tile_factor (tiles, steps, 2, 32 lanes, 4): F as
// fragments, whose rows l and l+8 are words 0 and 1, then words 2 and 3 of quad l. candidates (octets, tiles, 2, 4): bit
// 4*q + p of word w is feature 4*quads[8*tile + q] + w in samples 2*p, then 2*p + 1 of the octet.
KERNEL_BOUNDED(sample_candidates, SAMPLE_THREADS, 6)(u64 seed, u32 stream, const i64* first, const float* fragments,
                                                     const float* bounds, const int* quads, const float* tile_law,
                                                     const float* tile_factor, u32* candidates, int steps, int tiles,
                                                     int octets)
{
    int tile = blockIdx.x * SAMPLE_WARPS + WARP;
    if (tile >= tiles) return; // the whole warp; there are no barriers
    int quad = tile * 8 + (LANE >> 2);
    float bound = bounds[LANE];
    float4 threshold = ((const float4*)tile_law)[2 * quad];
    float4 sd = ((const float4*)tile_law)[2 * quad + 1];
    u32 block = (u32)quads[quad];
    const float4* f = (const float4*)tile_factor + (u64)tile * steps * 64 + LANE;
    i64 row = *first + 2 * (i64)(LANE & 3);
    int end = min(octets, (int)(blockIdx.y + 1) * SAMPLE_OCTETS);

    for (int octet = blockIdx.y * SAMPLE_OCTETS; octet < end; octet += SAMPLE_TOGETHER) {
        const float2* e = (const float2*)fragments + (u64)octet * steps * 32 + LANE;
        float mean[SAMPLE_TOGETHER][8];
#pragma unroll
        for (int o = 0; o < SAMPLE_TOGETHER; o++)
#pragma unroll
            for (int i = 0; i < 8; i++) mean[o][i] = 0.0f;
#pragma unroll 2
        for (int step = 0; step < steps; step++) {
            float4 low = f[(u64)step * 64], high = f[(u64)step * 64 + 32];
            u32 low_words[4] = {__float_as_uint(low.x), __float_as_uint(low.y), __float_as_uint(low.z),
                                __float_as_uint(low.w)};
            u32 high_words[4] = {__float_as_uint(high.x), __float_as_uint(high.y), __float_as_uint(high.z),
                                 __float_as_uint(high.w)};
#pragma unroll
            for (int o = 0; o < SAMPLE_TOGETHER; o++) {
                float2 pair = e[((u64)o * steps + step) * 32];
                u32 words[2] = {__float_as_uint(pair.x), __float_as_uint(pair.y)};
                mma_tf32_1688(mean[o], low_words, words);
                mma_tf32_1688(mean[o] + 4, high_words, words);
            }
        }
#pragma unroll
        for (int o = 0; o < SAMPLE_TOGETHER; o++) {
            i64 even_row = row + 8 * (i64)(octet + o);
            const float* m = mean[o];
            Words words = draw_block(seed, stream, PURPOSE_FIRING, even_row, block);
            uint4 even = sample_lanes(words, bound, sd, threshold, m[0], m[2], m[4], m[6]);
            words = draw_block(seed, stream, PURPOSE_FIRING, even_row + 1, block);
            uint4 odd = sample_lanes(words, bound, sd, threshold, m[1], m[3], m[5], m[7]);
            if (LANE < 2)
                ((uint4*)candidates)[((u64)(octet + o) * tiles + tile) * 2 + LANE] = LANE == 0 ? even : odd;
        }
    }
}

// ---- one sample ------------------------------------------------------------------------------------------

// Word `index & 3` of a block.
DEVICE u32 sample_word(u64 seed, u32 stream, u32 purpose, i64 row, u32 index)
{
    Words words = draw_block(seed, stream, purpose, row, index >> 2);
    u32 low = index & 1 ? words.w[1] : words.w[0], high = index & 1 ? words.w[3] : words.w[2];
    return index & 2 ? high : low;
}

// What does not change while a sample is drawn. law (N, 4): tau, sigma, mean, std; factor (N, quarters*4): F.
struct SampleWorld {
    const float4* law;
    const float4* factor;
    const float4* epsilon;
    int quarters;
    u64 seed;
    u32 stream;
    i64 row;
};

// The value of a feature before the hierarchy: 0 where it does not fire.
DEVICE float sample_value(const SampleWorld& world, int feature)
{
    const float4* factor = world.factor + (u64)feature * world.quarters;
    float mean = 0.0f;
#pragma unroll 3
    for (int q = 0; q < world.quarters; q++) {
        float4 f = factor[q], e = world.epsilon[q];
        mean = fmaf(f.x, e.x, mean);
        mean = fmaf(f.y, e.y, mean);
        mean = fmaf(f.z, e.z, mean);
        mean = fmaf(f.w, e.w, mean);
    }
    float4 law = world.law[feature];
    float noise = normal_of_word(sample_word(world.seed, world.stream, PURPOSE_FIRING, world.row, (u32)feature));
    if (!(fmaf(law.y, noise, mean) > law.x)) return 0.0f;
    noise = normal_of_word(sample_word(world.seed, world.stream, PURPOSE_MAGNITUDE, world.row, (u32)feature));
    float value = fmaf(law.w, noise, law.z);
    return value > 0.0f ? value : 0.0f;
}

// The active features of a sample, in the order in which they were found: the first in shared memory, the others in
// the codes' row, as far as it has room.
struct SampleActive {
    int* near_index;
    float* near_value;
    int* index;
    float* value;
    int* count;
    int stride;
};

DEVICE void sample_append(const SampleActive& active, int feature, float value)
{
    int place = atomicAdd(active.count, 1);
    if (place < SAMPLE_ROOM) {
        active.near_index[place] = feature;
        active.near_value[place] = value;
    } else if (place < active.stride) {
        active.index[place] = feature;
        active.value[place] = value;
    }
}

// A child that an active feature opens: its feature, the first of its group among the children, how many exclude each
// other there (1: it excludes nobody), and twice the parent's node, plus one if it is scaled.
struct SampleChild { int feature, group, siblings, node; };

DEVICE SampleChild sample_child(const int* children, int child)
{
    int4 c = ((const int4*)children)[child];
    SampleChild result = {c.x, c.y, c.z, c.w};
    return result;
}

// Children that are tried together: child i of the window belongs to the opening o with start[o] <= i < start[o+1] and
// is child first[o] + i - start[o] of the world.
struct SampleWindow {
    int start[SAMPLE_THREADS + 1];
    int first[SAMPLE_THREADS];
    float ratio[SAMPLE_THREADS];
    float value[SAMPLE_WINDOW];
    u8 opening[SAMPLE_WINDOW];
    u32 active[SAMPLE_WINDOW / 32];
};

// Try the children of a window before the hierarchy.
DEVICE void sample_try(const SampleWorld& world, const int* children, SampleWindow& window, int openings)
{
    int total = window.start[openings];
    for (int i = threadIdx.x; i < ((total + 31) & ~31); i += blockDim.x) {
        float value = 0.0f;
        if (i < total) {
            int low = 0, high = openings; // the last opening that starts at i or before
            while (high - low > 1) {
                int middle = (low + high) >> 1;
                if (window.start[middle] <= i) low = middle;
                else high = middle;
            }
            window.opening[i] = (u8)low;
            value = sample_value(world, sample_child(children, window.first[low] + i - window.start[low]).feature);
        }
        window.value[i] = value;
        u32 active = __ballot_sync(FULL, value > 0.0f);
        if (LANE == 0) window.active[i >> 5] = active;
    }
    __syncthreads();
}

// How many children first ... last-1 of a window are active.
DEVICE int sample_count(const SampleWindow& window, int first, int last)
{
    int count = 0;
    for (int word = first >> 5; word < (last + 31) >> 5; word++) {
        u32 bits = window.active[word];
        if (word == first >> 5) bits &= FULL << (first & 31);
        if (word == last >> 5) bits &= ~(FULL << (last & 31));
        count += __popc(bits);
    }
    return count;
}

// Which of the active children of a node stays.
DEVICE int sample_survivor(const SampleWorld& world, int node, int count)
{
    return (int)__umulhi(sample_word(world.seed, world.stream, PURPOSE_SIBLING, world.row, (u32)node), (u32)count);
}

DEVICE void sample_keep(const SampleActive& active, const SampleWindow& window, const SampleChild& child, int i)
{
    float value = window.value[i];
    if (child.node & 1) value = value * window.ratio[window.opening[i]];
    if (value > 0.0f) sample_append(active, child.feature, value);
}

// Note the children of a window that stay; the groups are whole.
DEVICE void sample_settle(const SampleWorld& world, const int* children, const SampleWindow& window, int openings,
                          const SampleActive& active)
{
    int total = window.start[openings];
    for (int i = threadIdx.x; i < total; i += blockDim.x)
        if (window.value[i] > 0.0f) {
            int opening = window.opening[i];
            int place = window.first[opening] + i - window.start[opening];
            SampleChild child = sample_child(children, place);
            bool stays = true;
            if (child.siblings > 1) {
                int group = i - (place - child.group);
                int count = sample_count(window, group, group + child.siblings);
                stays = count == 1
                    || sample_count(window, group, i) == sample_survivor(world, child.node >> 1, count);
            }
            if (stays) sample_keep(active, window, child, i);
        }
    __syncthreads();
}

// The window of children first ... first+count-1 of one opening.
DEVICE void sample_only(SampleWindow& window, int first, int count)
{
    __syncthreads();
    if (threadIdx.x == 0) {
        window.start[0] = 0;
        window.start[1] = count;
        window.first[0] = first;
    }
    __syncthreads();
}

// Children that exclude each other and are too many for a window: count the active ones, then find the one that stays.
DEVICE void sample_giant(const SampleWorld& world, const int* children, SampleWindow& window, SampleChild parent,
                         const SampleActive& active)
{
    int count = 0, stays = -1;
    for (int pass = 0; pass < 2; pass++) {
        int before = 0;
        for (int first = 0; first < parent.siblings; first += SAMPLE_WINDOW) {
            int size = min(parent.siblings - first, SAMPLE_WINDOW);
            sample_only(window, parent.group + first, size);
            sample_try(world, children, window, 1);
            int here = sample_count(window, 0, size);
            if (pass == 1 && stays >= before && stays < before + here)
                for (int i = threadIdx.x; i < size; i += blockDim.x)
                    if (window.value[i] > 0.0f && before + sample_count(window, 0, i) == stays)
                        sample_keep(active, window, sample_child(children, parent.group + first + i), i);
            before += here;
        }
        count = before;
        if (count == 0) break;
        stays = sample_survivor(world, parent.node >> 1, count);
    }
    __syncthreads();
}

// Sort a row of codes in place, by a network for the next power of two whose missing entries are the largest.
DEVICE void sample_sort(int* index, float* value, int count)
{
    for (int size = 2; size < 2 * count; size *= 2)
        for (int distance = size / 2; distance > 0; distance /= 2) {
            __syncthreads();
            for (int pair = threadIdx.x; pair < count; pair += blockDim.x) {
                int low = pair / distance * 2 * distance + pair % distance;
                // The first step of a merge compares from both ends, so that every comparison is ascending.
                int high = distance == size / 2 ? low / size * size + size - 1 - low % size : low + distance;
                if (high < count && index[low] > index[high]) {
                    int i = index[low];
                    float v = value[low];
                    index[low] = index[high];
                    value[low] = value[high];
                    index[high] = i;
                    value[high] = v;
                }
            }
        }
}

// opened (N, 2): the first child that a feature opens, and one past the last; the first `open_children` are open always.
KERNEL_BOUNDED(sample_codes, SAMPLE_THREADS, 8)(u64 seed, u32 stream, const i64* first, const float* factors,
                                                const int* quads, const u32* candidates, const float* law,
                                                const float* factor, const int* opened, const int* children,
                                                int open_children, int quarters, int tiles, int* count, int* index,
                                                float* value, int stride, int* most)
{
    BLOCK_SHARED int near_index[SAMPLE_ROOM];
    BLOCK_SHARED float near_value[SAMPLE_ROOM];
    BLOCK_SHARED SampleWindow window;
    BLOCK_SHARED int candidate[SAMPLE_WINDOW];
    BLOCK_SHARED int scratch[32];
    BLOCK_SHARED int active_count;
    BLOCK_SHARED int overflowing; // the opening with which a window runs over
    u64 sample = blockIdx.x;
    index += sample * stride;
    value += sample * stride;
    SampleWorld world = {(const float4*)law, (const float4*)factor, (const float4*)factors + sample * quarters,
                         quarters, seed, stream, *first + (i64)sample};
    SampleActive active = {near_index, near_value, index, value, &active_count, stride};
    if (threadIdx.x == 0) active_count = 0;

    // The features that are tried in every sample. A thread looks at the candidates of four tiles at a time; they are
    // spread over all threads.
    const uint4* bits = (const uint4*)candidates + (sample >> 3) * tiles * 2 + (sample & 1);
    u32 lanes = 0x11111111u << ((sample >> 1) & 3);
    for (int tile0 = 0; tile0 < tiles; tile0 += 4 * blockDim.x) {
        int last = min(tiles, tile0 + 4 * (int)blockDim.x);
        int mine = 0;
#pragma unroll 4
        for (int tile = tile0 + threadIdx.x; tile < last; tile += blockDim.x) {
            uint4 of = bits[2 * (u64)tile];
            mine += __popc(of.x & lanes) + __popc(of.y & lanes) + __popc(of.z & lanes) + __popc(of.w & lanes);
        }
        int total;
        int before = block_scan(mine, total, scratch);
        for (int base = 0; base < total; base += SAMPLE_WINDOW) {
            int place = before - base;
            for (int tile = tile0 + threadIdx.x; mine > 0 && tile < last; tile += blockDim.x) {
                uint4 of = bits[2 * (u64)tile];
                u32 words[4] = {of.x & lanes, of.y & lanes, of.z & lanes, of.w & lanes};
#pragma unroll
                for (int w = 0; w < 4; w++)
                    for (u32 left = words[w]; left != 0; left &= left - 1, place++)
                        if (place >= 0 && place < SAMPLE_WINDOW)
                            candidate[place] = 4 * quads[tile * 8 + ((__ffs((int)left) - 1) >> 2)] + w;
            }
            __syncthreads();
            for (int i = threadIdx.x; i < min(total - base, SAMPLE_WINDOW); i += blockDim.x) {
                int feature = candidate[i];
                float current = sample_value(world, feature);
                if (current > 0.0f) sample_append(active, feature, current);
            }
            __syncthreads();
        }
    }
    __syncthreads();

    // Level after level: what the active features of the last one open; at first also what is open always, as -1.
    int room = max(SAMPLE_ROOM, stride);
    int begin = -1, end = min(active_count, room);
    while (begin < end) {
        int cursor = begin, done = 0; // children before `done` of active feature `cursor` are settled
        while (cursor < end) {
            // The openings that follow, as far as their children fit into a window.
            int entry = cursor + threadIdx.x, from = 0, size = 0;
            float ratio = 1.0f;
            if (entry == -1) size = open_children;
            else if (entry < end) {
                int feature = entry < SAMPLE_ROOM ? near_index[entry] : index[entry];
                int2 range = ((const int2*)opened)[feature];
                from = range.x;
                size = range.y - range.x;
                if (size > 0)
                    ratio = (entry < SAMPLE_ROOM ? near_value[entry] : value[entry]) / world.law[feature].z;
            }
            if (threadIdx.x == 0) {
                from += done;
                size -= done;
            }
            int total;
            int start = block_scan(size, total, scratch);
            if (threadIdx.x == 0) window.start[0] = 0;
            window.start[threadIdx.x + 1] = start + size;
            window.first[threadIdx.x] = from;
            window.ratio[threadIdx.x] = ratio;
            if (start <= SAMPLE_WINDOW && start + size > SAMPLE_WINDOW) overflowing = threadIdx.x;
            __syncthreads();
            int openings = total <= SAMPLE_WINDOW ? min((int)blockDim.x, end - cursor) : overflowing;
            if (openings > 0) {
                if (total > 0) {
                    sample_try(world, children, window, openings);
                    sample_settle(world, children, window, openings, active);
                }
                cursor += openings;
                done = 0;
                continue;
            }
            // One that does not fit: as many whole groups as do.
            from = window.first[0];
            size = window.start[1];
            SampleChild next = sample_child(children, from + SAMPLE_WINDOW);
            int taken = next.group - from;
            if (taken > 0) {
                sample_only(window, from, taken);
                sample_try(world, children, window, 1);
                sample_settle(world, children, window, 1, active);
            } else {
                taken = next.siblings;
                sample_giant(world, children, window, next, active);
            }
            done += taken;
            if (taken == size) cursor++, done = 0;
        }
        __syncthreads();
        begin = end;
        end = min(active_count, room);
        __syncthreads();
    }

    int found = active_count, kept = min(found, stride);
    if (threadIdx.x == 0) {
        count[sample] = kept;
        if (found > stride) atomicMax(most, found);
    }
    if (kept <= SAMPLE_ROOM) {
        for (int i = threadIdx.x; i < kept; i += blockDim.x) {
            int place = 0;
            for (int j = 0; j < kept; j++) place += near_index[j] < near_index[i] ? 1 : 0;
            index[place] = near_index[i];
            value[place] = near_value[i];
        }
    } else {
        for (int i = threadIdx.x; i < SAMPLE_ROOM; i += blockDim.x) {
            index[i] = near_index[i];
            value[i] = near_value[i];
        }
        sample_sort(index, value, kept);
    }
}
