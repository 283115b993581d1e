// Barriers, shuffles, votes and the tensor-core instructions: whatever the lanes of a warp do
// together.
#pragma once
#include "machine.h"
#include <cstring>

inline void __syncthreads() { cc::barrier(); }

inline void __syncwarp(uint32_t mask = FULL) { cc::meet(mask, cc::Collective::Sync, {}, nullptr); }

namespace cc {

template <class T> inline Slot slotOf(const T& value) {
    static_assert(sizeof(T) <= sizeof(Slot));
    Slot slot = {};
    memcpy(slot.words, &value, sizeof value);
    return slot;
}

template <class T> inline T valueOf(const Slot& slot) {
    T value;
    memcpy(&value, slot.words, sizeof value);
    return value;
}

inline int lane() { return current->linear & 31; }

/// The value of lane `source`; the own one where the source is outside of the segment of `width`
/// lanes.
template <class T> inline T shuffle(uint32_t mask, T value, int source, int width) {
    int first = lane() & ~(width - 1);
    bool inside = source >= first && source < first + width;
    if (inside && !(mask >> source & 1))
        fail(719, "shuffles from lane %d, which is not in the mask %08x", source, mask);
    const Slot* given = meet(mask, Collective::Shuffle, slotOf(value), nullptr);
    return inside ? valueOf<T>(given[source]) : value;
}

inline uint32_t vote(uint32_t mask, bool mine) {
    const Slot* given = meet(mask, Collective::Vote, slotOf(uint32_t(mine)), nullptr);
    uint32_t yes = 0;
    for (int i = 0; i < 32; i++)
        if ((mask >> i & 1) && given[i].words[0])
            yes |= 1u << i;
    return yes;
}

} // namespace cc

template <class T> inline T __shfl_sync(uint32_t mask, T value, int source, int width = 32) {
    return cc::shuffle(mask, value, (cc::lane() & ~(width - 1)) | (source & (width - 1)), width);
}
template <class T> inline T __shfl_xor_sync(uint32_t mask, T value, int bits, int width = 32) {
    return cc::shuffle(mask, value, cc::lane() ^ bits, width);
}
template <class T> inline T __shfl_up_sync(uint32_t mask, T value, unsigned by, int width = 32) {
    return cc::shuffle(mask, value, cc::lane() - int(by), width);
}
template <class T> inline T __shfl_down_sync(uint32_t mask, T value, unsigned by, int width = 32) {
    return cc::shuffle(mask, value, cc::lane() + int(by), width);
}

inline uint32_t __ballot_sync(uint32_t mask, bool mine) { return cc::vote(mask, mine); }
inline int __any_sync(uint32_t mask, bool mine) { return cc::vote(mask, mine) != 0; }
inline int __all_sync(uint32_t mask, bool mine) { return cc::vote(mask, !mine) == 0; }

template <class T> inline uint32_t __match_any_sync(uint32_t mask, T value) {
    cc::Slot mine = cc::slotOf(value);
    const cc::Slot* given = cc::meet(mask, cc::Collective::Match, mine, nullptr);
    uint32_t same = 0;
    for (int i = 0; i < 32; i++)
        if ((mask >> i & 1) && !memcmp(given[i].words, mine.words, sizeof mine.words))
            same |= 1u << i;
    return same;
}

// ---- tensor cores: fragments as the PTX manual lays them out ----

namespace cc {

/// Each lane reads its own row of 16 bytes, so that the race check sees who read what.
inline Slot rowOf(const void* row) {
    if (reinterpret_cast<uintptr_t>(row) & 15)
        fail(716, "ldmatrix from an address that is not a multiple of 16");
    Slot slot = {};
    auto words = static_cast<const uint32_t*>(row);
    for (int i = 0; i < 4; i++)
        slot.words[i] = words[i];
    return slot;
}

inline Slot fragments(const uint32_t a[4], const uint32_t b[2]) {
    return {{a[0], a[1], a[2], a[3], b[0], b[1], 0, 0}};
}

inline void addTo(float d[4], const Slot& product) {
    for (int i = 0; i < 4; i++)
        d[i] += bits<float>(product.words[i]);
}

} // namespace cc

/// Four 8x8 matrices of 16 bits; lane 8m+r gives the address of row r of matrix m.
inline void ldmatrix_x4(uint32_t r[4], const void* row) {
    const cc::Slot& mine = cc::meet(FULL, cc::Collective::LoadMatrix, cc::rowOf(row),
                                    cc::finishLoadMatrix)[cc::lane()];
    for (int i = 0; i < 4; i++)
        r[i] = mine.words[i];
}

/// Two 8x8 matrices of 16 bits, transposed; lanes 0 .. 15 give the rows' addresses.
inline void ldmatrix_x2_trans(uint32_t r[2], const void* row) {
    cc::Slot given = cc::lane() < 16 ? cc::rowOf(row) : cc::Slot{};
    const cc::Slot& mine = cc::meet(FULL, cc::Collective::LoadMatrixTrans, given,
                                    cc::finishLoadMatrixTrans)[cc::lane()];
    for (int i = 0; i < 2; i++)
        r[i] = mine.words[i];
}

/// d += a·b: a 16×16 by rows, b 16×8 by columns, bf16 in, float32 sums.
inline void mma_bf16_16816(float d[4], const uint32_t a[4], const uint32_t b[2]) {
    cc::addTo(d, cc::meet(FULL, cc::Collective::MmaBf16, cc::fragments(a, b),
                          cc::finishMmaBf16)[cc::lane()]);
}

/// d += a·b: a 16×8 by rows, b 8×8 by columns, of which the device sees 10 bits of mantissa.
inline void mma_tf32_1688(float d[4], const uint32_t a[4], const uint32_t b[2]) {
    cc::addTo(d, cc::meet(FULL, cc::Collective::MmaTf32, cc::fragments(a, b),
                          cc::finishMmaTf32)[cc::lane()]);
}
