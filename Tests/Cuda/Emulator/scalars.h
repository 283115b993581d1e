// Scalar functions of CUDA that C++ lacks. All rounded as on the device, except the library
// functions of <cmath> themselves, which may differ by an ulp.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

namespace cc {
template <class To, class From> inline To bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
} // namespace cc

using std::isfinite;
using std::isinf;
using std::isnan;

#define CC_MIN_MAX(T)                                                                              \
    inline T min(T a, T b) { return a < b ? a : b; }                                               \
    inline T max(T a, T b) { return a > b ? a : b; }
CC_MIN_MAX(int)
CC_MIN_MAX(unsigned)
CC_MIN_MAX(long)
CC_MIN_MAX(unsigned long)
CC_MIN_MAX(long long)
CC_MIN_MAX(unsigned long long)
// Of a number and a NaN both give the number, as on the device.
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
inline unsigned min(int a, unsigned b) { return min(unsigned(a), b); }
inline unsigned max(int a, unsigned b) { return max(unsigned(a), b); }
inline unsigned min(unsigned a, int b) { return min(a, unsigned(b)); }
inline unsigned max(unsigned a, int b) { return max(a, unsigned(b)); }

inline uint32_t __float_as_uint(float x) { return cc::bits<uint32_t>(x); }
inline int __float_as_int(float x) { return cc::bits<int>(x); }
inline float __uint_as_float(uint32_t x) { return cc::bits<float>(x); }
inline float __int_as_float(int x) { return cc::bits<float>(x); }
inline long long __double_as_longlong(double x) { return cc::bits<long long>(x); }
inline double __longlong_as_double(long long x) { return cc::bits<double>(x); }

inline uint32_t __umulhi(uint32_t a, uint32_t b) { return (uint64_t(a) * b) >> 32; }
inline int __mulhi(int a, int b) { return (int64_t(a) * b) >> 32; }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return ((unsigned __int128)a * b) >> 64;
}
inline long long __mul64hi(long long a, long long b) { return ((__int128)a * b) >> 64; }

inline int __popc(uint32_t x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
inline uint32_t __brev(uint32_t x) {
    x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
    x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
    x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(x);
}
inline uint32_t __funnelshift_l(uint32_t low, uint32_t high, uint32_t shift) {
    return ((uint64_t(high) << 32 | low) << (shift & 31)) >> 32;
}
inline uint32_t __funnelshift_r(uint32_t low, uint32_t high, uint32_t shift) {
    return (uint64_t(high) << 32 | low) >> (shift & 31);
}

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline float rsqrtf(float a) { return float(1.0 / sqrt(double(a))); }
inline float __saturatef(float a) { return fminf(fmaxf(a, 0.0f), 1.0f); }
inline int __float2int_rn(float a) { return int(rintf(a)); }
inline int __float2int_rz(float a) { return int(a); }
inline int __float2int_rd(float a) { return int(floorf(a)); }
inline unsigned __float2uint_rz(float a) { return unsigned(a); }
inline unsigned __float2uint_rn(float a) { return unsigned(rintf(a)); }
inline float __int2float_rn(int a) { return float(a); }
inline float __uint2float_rn(unsigned a) { return float(a); }
inline float __double2float_rn(double a) { return float(a); }

template <class T> inline T __ldg(const T* p) { return *p; }
template <class T> inline T __ldcg(const T* p) { return *p; }
template <class T> inline T __ldcs(const T* p) { return *p; }
template <class T> inline void __stcg(T* p, T value) { *p = value; }
template <class T> inline void __stcs(T* p, T value) { *p = value; }
