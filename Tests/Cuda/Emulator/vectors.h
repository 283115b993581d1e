// float2, uint4 and their like, with CUDA's alignment.
#pragma once
#include <cstdint>

#define CC_VECTOR2(T, name, bytes)                                                                 \
    struct alignas(bytes) name##2 {                                                                \
        T x, y;                                                                                    \
    };                                                                                             \
    inline name##2 make_##name##2(T x, T y) { return {x, y}; }
#define CC_VECTOR4(T, name, bytes)                                                                 \
    struct alignas(bytes) name##4 {                                                                \
        T x, y, z, w;                                                                              \
    };                                                                                             \
    inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }

CC_VECTOR2(float, float, 8)
CC_VECTOR4(float, float, 16)
CC_VECTOR2(double, double, 16)
CC_VECTOR2(int, int, 8)
CC_VECTOR4(int, int, 16)
CC_VECTOR2(unsigned, uint, 8)
CC_VECTOR4(unsigned, uint, 16)
CC_VECTOR2(long long, longlong, 16)
CC_VECTOR2(unsigned long long, ulonglong, 16)
CC_VECTOR2(unsigned short, ushort, 4)
CC_VECTOR4(unsigned short, ushort, 8)
CC_VECTOR4(unsigned char, uchar, 4)

struct float3 {
    float x, y, z;
};
inline float3 make_float3(float x, float y, float z) { return {x, y, z}; }
