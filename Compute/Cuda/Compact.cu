// Ordered compaction of a row by the block that owns it: the columns that stay are written side by side in
// ascending order. Several ops choose by a rule of their own; this is the one place that keeps the order. Bitwise.

// Columns that a lane looks at before the block agrees on places: four float4, all in flight at once.
#define COMPACT_LANE 16

// What compact_row reads of a row by default: its numbers, and one number for each column (`absent` for all where
// the pointer is null).
struct CompactSource {
    const float* row;
    const float* other;
    float absent;
    int columns;

    // Whether rows and what belongs to columns can be read by four.
    __device__ __forceinline__ bool aligned() const { return (columns & 3) == 0; }

    // Columns column … column+3, as far as they exist.
    template <bool ALIGNED> __device__ __forceinline__ void fetch(int column, float x[4], float o[4]) const
    {
        if constexpr (ALIGNED) {
            bool inside = column < columns;
            float4 a = make_float4(0.0f, 0.0f, 0.0f, 0.0f), b = make_float4(absent, absent, absent, absent);
            if (inside) a = *(const float4*)(row + column);
            if (inside && other) b = *(const float4*)(other + column);
            x[0] = a.x, x[1] = a.y, x[2] = a.z, x[3] = a.w;
            o[0] = b.x, o[1] = b.y, o[2] = b.z, o[3] = b.w;
        } else {
#pragma unroll
            for (int c = 0; c < 4; c++) {
                bool inside = column + c < columns;
                x[c] = inside ? row[column + c] : 0.0f;
                o[c] = inside && other ? other[column + c] : absent;
            }
        }
    }
};

// The sums of four bytes each over the lanes below this one; `all` is the sum over all lanes. No byte may
// pass 255.
DEVICE u32 compact_scan(u32 x, u32& all)
{
    u32 sum = x;
    for (int offset = 1; offset < 32; offset <<= 1) {
        u32 below = __shfl_up_sync(FULL, sum, offset);
        if ((int)LANE >= offset) sum += below;
    }
    all = __shfl_sync(FULL, sum, 31);
    return sum - x;
}

// Asks rule.take(column, x, o) of each column of the source and calls rule.put(place, column, x, o) for those
// taken, place = 0, 1, … by ascending column. Returns their number. All threads of the block call it; a warp
// looks at 512 columns in succession. scratch (32) is shared memory that nobody else uses.
template <class Source, class Rule>
DEVICE int compact_row(const Source& source, int columns, Rule& rule, int* scratch)
{
    int before = 0;
    for (int first = 0; first < columns; first += COMPACT_LANE * (int)blockDim.x) {
        int start = first + (int)(WARP * COMPACT_LANE * 32 + LANE * 4);
        float x[COMPACT_LANE], o[COMPACT_LANE];
        if (source.aligned()) {
#pragma unroll
            for (int r = 0; r < COMPACT_LANE / 4; r++)
                source.template fetch<true>(start + 128 * r, x + 4 * r, o + 4 * r);
        } else {
#pragma unroll
            for (int r = 0; r < COMPACT_LANE / 4; r++)
                source.template fetch<false>(start + 128 * r, x + 4 * r, o + 4 * r);
        }

        u32 taken = 0, number = 0;
#pragma unroll
        for (int i = 0; i < COMPACT_LANE; i++) {
            int column = start + 128 * (i / 4) + i % 4;
            if (column < columns && rule.take(column, x[i], o[i])) {
                taken |= 1u << i;
                number += 1u << (i / 4 * 8);
            }
        }

        u32 all, below = compact_scan(number, all);
        __syncthreads(); // the last reader of scratch is done
        if (LANE == 0) scratch[WARP] = (all & 255) + (all >> 8 & 255) + (all >> 16 & 255) + (all >> 24);
        __syncthreads();
        int place = before;
        for (u32 w = 0; w < WARPS; w++) {
            if (w < WARP) place += scratch[w];
            before += scratch[w];
        }

#pragma unroll
        for (int i = 0; i < COMPACT_LANE; i++) {
            int r = i / 4 * 8;
            if (taken >> i & 1u) {
                int earlier = __popc(taken & ((1u << i) - (1u << (i & ~3)))) + (int)(below >> r & 255);
                rule.put(place + earlier, start + 128 * (i / 4) + i % 4, x[i], o[i]);
            }
            if (i % 4 == 3) place += (int)(all >> r & 255);
        }
    }
    return before;
}

// Rule that keeps numbers as they are: what most selections put.
struct CompactCodes {
    int* index;
    float* value;

    __device__ __forceinline__ void put(int place, int column, float x, float) const
    {
        index[place] = column;
        value[place] = x;
    }
};
