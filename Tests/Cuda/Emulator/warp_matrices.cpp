// What the last lane to arrive at a tensor-core instruction computes for all 32.
// Fragments: lane l holds row (or column) l/4 and the elements 2·(l%4), 2·(l%4)+1 of 16-bit data,
// or element l%4 of 32-bit data; a result has rows l/4 and l/4+8, columns 2·(l%4) and 2·(l%4)+1.
#include "machine.h"
#include <cstring>

namespace cc {

namespace {

float asFloat(uint32_t word) {
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

float low(uint32_t pair) { return asFloat(pair << 16); }
float high(uint32_t pair) { return asFloat(pair & 0xffff0000u); }
float tf32(uint32_t word) { return asFloat(word & 0xffffe000u); }

const uint16_t* halves(const Slot& row) { return reinterpret_cast<const uint16_t*>(row.words); }

/// The product of a 16×K and a K×8 tile, dealt to the lanes.
template <int K> void deal(const float (&a)[16][K], const float (&b)[K][8], Slot* results) {
    float product[16][8] = {};
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < K; k++)
            for (int column = 0; column < 8; column++)
                product[row][column] += a[row][k] * b[k][column];
    for (int lane = 0; lane < 32; lane++) {
        int row = lane >> 2, column = (lane & 3) * 2;
        float mine[4] = {product[row][column], product[row][column + 1], product[row + 8][column],
                         product[row + 8][column + 1]};
        memcpy(results[lane].words, mine, sizeof mine);
    }
}

} // namespace

void finishLoadMatrix(const Slot* given, Slot* results) {
    for (int matrix = 0; matrix < 4; matrix++)
        for (int lane = 0; lane < 32; lane++)
            results[lane].words[matrix] = given[matrix * 8 + (lane >> 2)].words[lane & 3];
}

void finishLoadMatrixTrans(const Slot* given, Slot* results) {
    for (int matrix = 0; matrix < 2; matrix++)
        for (int lane = 0; lane < 32; lane++) {
            const Slot* rows = given + matrix * 8 + (lane & 3) * 2;
            int column = lane >> 2;
            results[lane].words[matrix] =
                halves(rows[0])[column] | uint32_t(halves(rows[1])[column]) << 16;
        }
}

void finishMmaBf16(const Slot* given, Slot* results) {
    float a[16][16], b[16][8];
    for (int lane = 0; lane < 32; lane++) {
        const uint32_t* words = given[lane].words;
        int group = lane >> 2, pair = (lane & 3) * 2;
        for (int i = 0; i < 4; i++) {
            int row = group + (i & 1) * 8, column = pair + (i >> 1) * 8;
            a[row][column] = low(words[i]);
            a[row][column + 1] = high(words[i]);
        }
        for (int i = 0; i < 2; i++) {
            b[pair + i * 8][group] = low(words[4 + i]);
            b[pair + i * 8 + 1][group] = high(words[4 + i]);
        }
    }
    deal(a, b, results);
}

void finishMmaTf32(const Slot* given, Slot* results) {
    float a[16][8], b[8][8];
    for (int lane = 0; lane < 32; lane++) {
        const uint32_t* words = given[lane].words;
        int group = lane >> 2, one = lane & 3;
        for (int i = 0; i < 4; i++)
            a[group + (i & 1) * 8][one + (i >> 1) * 4] = tf32(words[i]);
        for (int i = 0; i < 2; i++)
            b[one + i * 4][group] = tf32(words[4 + i]);
    }
    deal(a, b, results);
}

} // namespace cc
