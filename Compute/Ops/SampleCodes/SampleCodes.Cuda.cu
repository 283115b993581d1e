// SampleCodes: the true features of samples *first ... *first+rows-1, equal to the bit to the other backends (the
// formulas: SampleCodes.fs; the layout of the world: SampleCodes.DeviceLayout.fs). Three kernels:
//
//   sample_factors     eps (rows, quarters*4), zeros from R on. One thread for each four.
//   sample_candidates  which of the features that are tried in every sample may fire, as bits (rows, tiles, 4): bit l of
//                      word w is feature 4*quad[tile*32 + l] + w. Block of 4 warps for a tile of 128 features and 32
//                      samples: a warp has 8 samples, a lane a Philox block, so F is read once for 8 samples and Philox
//                      runs without a draw to spare. Instead of the noise, an upper bound of it from the leading bits
//                      of its word is tried (NormalBound.fs): some 1.4 candidates for each feature that fires.
//   sample_codes       Block of 4 warps for a sample: tries the candidates exactly, then level after level what the
//                      active features open, a thread for each child; sorts the active ones into their row of the codes.
//
// Bitwise: slots are handed out by atomics, but the entries are sorted, and nothing is summed across threads.
//
// Floor for 1024 samples of the 16k world (5632 features are tried always, R = 25): 1.44 M Philox blocks, 144 M FMA and 5.8 M
// tests take some 190 instructions for four features, 10 us of an H200 at full rate; memory traffic (2 MB) hides behind them.

#define SAMPLE_THREADS 128
#define SAMPLE_WARPS 4
#define SAMPLE_TOGETHER 8 // samples of a warp
#define SAMPLE_ROWS 32 // samples of a block
#define SAMPLE_RANK 64 // factors of a block's samples that are in shared memory at a time
#define SAMPLE_PITCH 36 // distance of those factors: rows of 32 that begin in different banks
#define SAMPLE_WINDOW 512 // children that are tried between two looks at who excludes whom
#define SAMPLE_ROOM 512 // active features in shared memory; more are in the codes' row

KERNEL_BOUNDED(sample_factors, SAMPLE_THREADS, 1)(u64 seed, u32 stream, const i64* first, float* factors, int rank,
                                                  int quarters, int rows)
{
    u64 place = (u64)blockIdx.x * SAMPLE_THREADS + threadIdx.x;
    if (place >= (u64)rows * quarters) return;
    u32 quarter = (u32)(place % quarters);
    Words words = draw_block(seed, stream, PURPOSE_FACTOR, *first + (i64)(place / quarters), quarter);
    int left = rank - 4 * (int)quarter;
    float4 factor;
    factor.x = normal_of_word(words.w[0]);
    factor.y = left > 1 ? normal_of_word(words.w[1]) : 0.0f;
    factor.z = left > 2 ? normal_of_word(words.w[2]) : 0.0f;
    factor.w = left > 3 ? normal_of_word(words.w[3]) : 0.0f;
    ((float4*)factors)[place] = factor;
}

// Whether a feature may fire whose noise has this word; lane l holds NormalBound.table[l]. All lanes call it.
DEVICE bool sample_may_fire(u32 word, float bound, float sd, float mean, float threshold)
{
    u32 complement = ~word;
    if (complement < 0x10000u) complement = 0x10000u;
    float noise = __shfl_sync(FULL, bound, (int)((__float_as_uint((float)complement) >> 22) & 31u));
    return fmaf(sd, noise, mean) > threshold;
}

// tile_factor (tiles, R, 128): F in the order of quads; tile_law (tiles*32, 8): tau, then sigma, of a quad.
KERNEL_BOUNDED(sample_candidates, SAMPLE_THREADS, 5)(u64 seed, u32 stream, const i64* first, const float* factors,
                                                     const float* bounds, const int* quads, const float* tile_law,
                                                     const float* tile_factor, u32* candidates, int rank, int quarters,
                                                     int tiles, int rows)
{
    BLOCK_SHARED float4 shared_epsilon[SAMPLE_RANK * SAMPLE_PITCH / 4];
    float* epsilon = (float*)shared_epsilon;
    u32 quad = blockIdx.x * 32 + LANE;
    int block_sample = blockIdx.y * SAMPLE_ROWS;
    int warp_sample = WARP * SAMPLE_TOGETHER;
    const float4* f = (const float4*)tile_factor + (u64)blockIdx.x * rank * 32 + LANE;

    float mean[SAMPLE_TOGETHER][4];
#pragma unroll
    for (int s = 0; s < SAMPLE_TOGETHER; s++) mean[s][0] = mean[s][1] = mean[s][2] = mean[s][3] = 0.0f;

    for (int r0 = 0; r0 < rank; r0 += SAMPLE_RANK) {
        int part = rank - r0 < SAMPLE_RANK ? rank - r0 : SAMPLE_RANK;
        __syncthreads();
        for (int i = threadIdx.x; i < part * SAMPLE_ROWS; i += SAMPLE_THREADS) {
            int s = i / part, r = i % part;
            if (block_sample + s < rows)
                epsilon[r * SAMPLE_PITCH + s] = factors[(u64)(block_sample + s) * quarters * 4 + r0 + r];
        }
        __syncthreads();
#pragma unroll 5
        for (int r = 0; r < part; r++) {
            float4 w = f[(u64)(r0 + r) * 32];
            const float4* e = shared_epsilon + (r * SAMPLE_PITCH + warp_sample) / 4;
            float4 low = e[0], high = e[1];
            float samples[SAMPLE_TOGETHER] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
            for (int s = 0; s < SAMPLE_TOGETHER; s++) {
                mean[s][0] = fmaf(w.x, samples[s], mean[s][0]);
                mean[s][1] = fmaf(w.y, samples[s], mean[s][1]);
                mean[s][2] = fmaf(w.z, samples[s], mean[s][2]);
                mean[s][3] = fmaf(w.w, samples[s], mean[s][3]);
            }
        }
    }

    int sample = block_sample + warp_sample;
    if (sample >= rows) return; // the whole warp
    float bound = bounds[LANE];
    float4 threshold = ((const float4*)tile_law)[2 * quad];
    float4 sd = ((const float4*)tile_law)[2 * quad + 1];
    u32 block = (u32)quads[quad];
    i64 row = *first + sample;
    uint4 mine;
    mine.x = mine.y = mine.z = mine.w = 0;
#pragma unroll
    for (int s = 0; s < SAMPLE_TOGETHER; s++) {
        Words words = draw_block(seed, stream, PURPOSE_FIRING, row + s, block);
        u32 x = __ballot_sync(FULL, sample_may_fire(words.w[0], bound, sd.x, mean[s][0], threshold.x));
        u32 y = __ballot_sync(FULL, sample_may_fire(words.w[1], bound, sd.y, mean[s][1], threshold.y));
        u32 z = __ballot_sync(FULL, sample_may_fire(words.w[2], bound, sd.z, mean[s][2], threshold.z));
        u32 w = __ballot_sync(FULL, sample_may_fire(words.w[3], bound, sd.w, mean[s][3], threshold.w));
        if ((int)LANE == s) mine.x = x, mine.y = y, mine.z = z, mine.w = w;
    }
    if (LANE < SAMPLE_TOGETHER && sample + (int)LANE < rows)
        ((uint4*)candidates)[(u64)(sample + LANE) * tiles + blockIdx.x] = mine;
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
    for (int i = threadIdx.x; i < ((total + 31) & ~31); i += SAMPLE_THREADS) {
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
    for (int i = threadIdx.x; i < total; i += SAMPLE_THREADS)
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
                for (int i = threadIdx.x; i < size; i += SAMPLE_THREADS)
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
            for (int pair = threadIdx.x; pair < count; pair += SAMPLE_THREADS) {
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

// opened (N, 2): the children that a feature opens. Feature -1 of the loop below opens `open_children` in every sample.
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
    u64 sample = blockIdx.x;
    index += sample * stride;
    value += sample * stride;
    SampleWorld world = {(const float4*)law, (const float4*)factor, (const float4*)factors + sample * quarters,
                         quarters, seed, stream, *first + (i64)sample};
    SampleActive active = {near_index, near_value, index, value, &active_count, stride};
    if (threadIdx.x == 0) active_count = 0;

    // The features that are tried in every sample. A thread has the candidates of a tile; they are spread over all.
    for (int tile0 = 0; tile0 < tiles; tile0 += SAMPLE_THREADS) {
        int tile = tile0 + threadIdx.x;
        uint4 bits;
        bits.x = bits.y = bits.z = bits.w = 0;
        if (tile < tiles) bits = ((const uint4*)candidates)[sample * tiles + tile];
        u32 words[4] = {bits.x, bits.y, bits.z, bits.w};
        int total;
        int before = block_scan(__popc(bits.x) + __popc(bits.y) + __popc(bits.z) + __popc(bits.w), total, scratch);
        for (int base = 0; base < total; base += SAMPLE_WINDOW) {
            int place = before - base;
#pragma unroll
            for (int w = 0; w < 4; w++)
                for (u32 left = words[w]; left != 0; left &= left - 1, place++)
                    if (place >= 0 && place < SAMPLE_WINDOW)
                        candidate[place] = 4 * quads[tile * 32 + __ffs((int)left) - 1] + w;
            __syncthreads();
            for (int i = threadIdx.x; i < min(total - base, SAMPLE_WINDOW); i += SAMPLE_THREADS) {
                int feature = candidate[i];
                float current = sample_value(world, feature);
                if (current > 0.0f) sample_append(active, feature, current);
            }
            __syncthreads();
        }
    }
    __syncthreads();

    // Level after level: what the active features ... of the last level open.
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
            bool fits = entry < end && start + size <= SAMPLE_WINDOW;
            if (threadIdx.x == 0) window.start[0] = 0;
            window.start[threadIdx.x + 1] = start + size;
            window.first[threadIdx.x] = from;
            window.ratio[threadIdx.x] = ratio;
            int openings;
            block_scan(fits ? 1 : 0, openings, scratch);
            if (openings > 0) {
                sample_try(world, children, window, openings);
                sample_settle(world, children, window, openings, active);
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
        for (int i = threadIdx.x; i < kept; i += SAMPLE_THREADS) {
            int place = 0;
            for (int j = 0; j < kept; j++) place += near_index[j] < near_index[i] ? 1 : 0;
            index[place] = near_index[i];
            value[place] = near_value[i];
        }
    } else {
        for (int i = threadIdx.x; i < SAMPLE_ROOM; i += SAMPLE_THREADS) {
            index[i] = near_index[i];
            value[i] = near_value[i];
        }
        sample_sort(index, value, kept);
    }
}
