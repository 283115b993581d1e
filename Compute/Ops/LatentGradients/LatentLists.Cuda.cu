// LatentLists: codes by latent. For each latent its samples, ascending, and the positions of their entries.
//
//   lists_mark   (B/8 blocks of 256): a warp per row marks its samples in a table of bits, (L, B/32) words, and counts
//                entries by groups of 8 latents. Only integer sums and ors are made by atomics.
//   lists_expand (L/8 blocks of 256): a group of latents each; a warp writes the marked samples of a latent, and
//                the block then finds each entry's position by bisection of the sample's ascending indices, with
//                all entries of the group shared out evenly. The bits are cleared on the way.
//
// Floor: two launches of 2 us each; the table of bits is B·L/8 bytes (0.5 MB at B 1024, L 4096) and stays in L2.
// Bitwise.

#define LISTS_GROUP 8 // latents of a block: one a warp

KERNEL_BOUNDED(lists_mark, 256, 4)(
    const int* counts, const int* index, int stride, int rows, u32* marks, int words, u32* groups)
{
    u32 row = blockIdx.x * WARPS + WARP;
    if (row >= (u32)rows) return;
    const int* own = index + (u64)row * stride;
    int count = counts[row];
    for (int i = LANE; i < count; i += 32) {
        u32 latent = (u32)own[i];
        atomicOr(&marks[(u64)latent * words + row / 32], 1u << row % 32);
        atomicAdd(&groups[latent / LISTS_GROUP], 1u);
    }
}

// Where a latent is among the ascending indices of a row that has it.
DEVICE u32 lists_find(const int* row, int count, int latent)
{
    int low = 0, high = count - 1;
    while (low < high) {
        int middle = (low + high) >> 1;
        if (row[middle] < latent) low = middle + 1;
        else high = middle;
    }
    return (u32)low;
}

KERNEL_BOUNDED(lists_expand, 256, 4)(
    const int* counts, const int* index, int stride, int rows, int latents, u32* marks, int words, u32* groups,
    u32* ticket, int* starts, int* samples, u32* entries)
{
    BLOCK_SHARED int scratch[32];
    BLOCK_SHARED int numbers[LISTS_GROUP];
    BLOCK_SHARED bool last;

    // Entries of earlier groups.
    u32 before = 0;
    for (u32 g = threadIdx.x; g < blockIdx.x; g += blockDim.x) before += groups[g];
    int base = block_sum((int)before, scratch);

    // Entries of each latent of this one.
    int latent = (int)(blockIdx.x * LISTS_GROUP + WARP), used = (rows + 31) / 32, number = 0;
    u32* marked = marks + (u64)latent * words;
    if (latent < latents)
        for (int w = LANE; w < used; w += 32) number += __popc(marked[w]);
    number = warp_sum(number);
    if (LANE == 0) numbers[WARP] = number;
    __syncthreads();
    int start = base, end = base;
    for (u32 w = 0; w < LISTS_GROUP; w++) {
        if (w < WARP) start += numbers[w];
        end += numbers[w];
    }
    if (LANE == 0 && latent < latents) starts[latent] = start;
    if (threadIdx.x == 0 && blockIdx.x == gridDim.x - 1) starts[latents] = end;

    // Its samples.
    int next = start;
    for (int w = 0; w < used && number > 0; w += 32) {
        bool inside = w + (int)LANE < used;
        u32 bits = inside ? marked[w + LANE] : 0u;
        int all, place = next + warp_scan(__popc(bits), all);
        if (bits != 0) marked[w + LANE] = 0;
        next += all;
        for (; bits != 0; bits &= bits - 1) samples[place++] = (w + (int)LANE) * 32 + __ffs((int)bits) - 1;
    }
    __syncthreads();

    // Where their entries are.
    for (int place = base + (int)threadIdx.x; place < end; place += blockDim.x) {
        int of = 0, reached = base + numbers[0];
        while (place >= reached) reached += numbers[++of];
        u32 sample = (u32)samples[place], first = sample * (u32)stride;
        entries[place] = first + lists_find(index + first, counts[sample], (int)blockIdx.x * LISTS_GROUP + of);
    }

    // The last block to have read the groups clears them.
    if (threadIdx.x == 0) {
        __threadfence();
        last = atomicAdd(ticket, 1u) == gridDim.x - 1;
        __threadfence();
    }
    __syncthreads();
    if (!last) return;
    for (u32 g = threadIdx.x; g < gridDim.x; g += blockDim.x) groups[g] = 0;
    if (threadIdx.x == 0) atomicExch(ticket, 0u);
}
