// What all kernels stand on: types, macros, sums in fixed order, random numbers. It is the first part of
// the one translation unit that all .cu files form (see Kernels.fs), compiled by NVRTC for a GPU and, for
// tests, by a C++ compiler behind a header that defines CPU_CUDA and stands in for the GPU.
//
// Compiled with --fmad=false: a*b+c rounds twice; where fusing is wanted fmaf says so. Division and square
// root are correctly rounded. So what must be equal to the bit on every backend is.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#ifndef CPU_CUDA
#define KERNEL(name) extern "C" __global__ void name
#define KERNEL_BOUNDED(name, threads, blocks) \
    extern "C" __global__ void __launch_bounds__(threads, blocks) name
#define DEVICE static __device__ __forceinline__
#define BLOCK_SHARED __shared__
#define DYN_SHARED(T, name)                                          \
    extern __shared__ __align__(16) unsigned char dynamic_shared[]; \
    T* name = (T*)dynamic_shared
#define FULL 0xffffffffu

// ---- asynchronous copies to shared memory, tensor cores -----------------------------------------------

DEVICE u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }

// 16 bytes from global to shared memory; both addresses are multiples of 16.
DEVICE void cp_async16(void* target, const void* source)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\n" ::"r"(shared_address(target)), "l"(source));
}

DEVICE void cp_commit() { asm volatile("cp.async.commit_group;\n"); }

// Until at most N of the committed groups are still on their way.
template <int N> DEVICE void cp_wait() { asm volatile("cp.async.wait_group %0;\n" ::"n"(N)); }

// Four 8x8 tiles of 16-bit numbers from shared memory; lane l gives the address of row l % 8 of tile l / 8.
DEVICE void ldmatrix_x4(u32 r[4], const void* p)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(p)));
}

// Two tiles, transposed.
DEVICE void ldmatrix_x2_trans(u32 r[2], const void* p)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];\n"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(p)));
}

// d (16, 8) += a (16, 16) b (16, 8), bf16 with float sums; a by rows, b by columns.
DEVICE void mma_bf16_16816(float d[4], const u32 a[4], const u32 b[2])
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// d (16, 8) += a (16, 8) b (8, 8), tf32 with float sums; a by rows, b by columns.
DEVICE void mma_tf32_1688(float d[4], const u32 a[4], const u32 b[2])
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                 "{%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// ---- numbers -------------------------------------------------------------------------------------------

#define INFINITY_F __uint_as_float(0x7f800000u)

DEVICE float bf16_to_float(u16 x) { return __uint_as_float((u32)x << 16); }

// Rounding.bf16: to nearest, ties to even. The GPU's own NaN has all bits set: rounded like a finite number it
// would become -0.
DEVICE u16 float_to_bf16(float x)
{
    u32 bits = __float_as_uint(x);
    return x != x ? (u16)0x7fff : (u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Rounding.tf32: to 10 bits of fraction, ties away from zero, as cvt.rna.tf32 does.
DEVICE float round_to_tf32(float x)
{
    return x != x ? x : __uint_as_float((__float_as_uint(x) + 0x1000u) & ~0x1fffu);
}

// Keys of floats in the order of the floats (-0 below 0).
DEVICE u32 key_of_float(float x)
{
    u32 bits = __float_as_uint(x);
    return (bits & 0x80000000u) ? ~bits : (bits | 0x80000000u);
}

DEVICE float float_of_key(u32 key)
{
    return __uint_as_float((key & 0x80000000u) ? (key & 0x7fffffffu) : ~key);
}

// ---- neighbouring floats -------------------------------------------------------------------------------

// V floats that are loaded and stored at once: 4 at addresses that are multiples of 16, or 1.
template <int V> struct Pack { float v[V]; };

template <int V> DEVICE Pack<V> pack_zero()
{
    Pack<V> pack;
#pragma unroll
    for (int i = 0; i < V; i++) pack.v[i] = 0.0f;
    return pack;
}

template <int V> DEVICE Pack<V> pack_load(const float* p)
{
    Pack<V> pack;
    if constexpr (V == 4) {
        float4 x = *(const float4*)p;
        pack.v[0] = x.x, pack.v[1] = x.y, pack.v[2] = x.z, pack.v[3] = x.w;
    } else {
        pack.v[0] = *p;
    }
    return pack;
}

template <int V> DEVICE void pack_store(float* p, const Pack<V>& pack)
{
    if constexpr (V == 4) {
        *(float4*)p = make_float4(pack.v[0], pack.v[1], pack.v[2], pack.v[3]);
    } else {
        *p = pack.v[0];
    }
}

// The same, rounded to bf16.
template <int V> DEVICE void pack_store_bf16(u16* p, const Pack<V>& pack)
{
    if constexpr (V == 4) {
        *(ushort4*)p = make_ushort4(float_to_bf16(pack.v[0]), float_to_bf16(pack.v[1]), float_to_bf16(pack.v[2]),
                                    float_to_bf16(pack.v[3]));
    } else {
        *p = float_to_bf16(pack.v[0]);
    }
}

// sum + factor·x, each rounded once.
template <int V> DEVICE void pack_add(Pack<V>& sum, float factor, const Pack<V>& x)
{
#pragma unroll
    for (int i = 0; i < V; i++) sum.v[i] = fmaf(factor, x.v[i], sum.v[i]);
}

// ---- sums in fixed order -------------------------------------------------------------------------------

#define LANE (threadIdx.x & 31u)
#define WARP (threadIdx.x >> 5)
#define WARPS (blockDim.x >> 5)

// The sum over the lanes of a warp, in every lane.
template <class T> DEVICE T warp_sum(T x)
{
    for (int offset = 16; offset > 0; offset >>= 1) x += __shfl_xor_sync(FULL, x, offset);
    return x;
}

template <class T> DEVICE T warp_max(T x)
{
    for (int offset = 16; offset > 0; offset >>= 1) {
        T other = __shfl_xor_sync(FULL, x, offset);
        x = other > x ? other : x;
    }
    return x;
}

// The sum over the threads of a block, in every thread; scratch (32) is shared memory that nobody else uses.
template <class T> DEVICE T block_sum(T x, T* scratch)
{
    x = warp_sum(x);
    __syncthreads(); // the last reader of scratch is done
    if (LANE == 0) scratch[WARP] = x;
    __syncthreads();
    T sum = scratch[0];
    for (u32 w = 1; w < WARPS; w++) sum += scratch[w];
    return sum;
}

// The sum over the lanes below this one; `total` is the sum over all.
DEVICE int warp_scan(int x, int& total)
{
    int sum = x;
    for (int offset = 1; offset < 32; offset <<= 1) {
        int below = __shfl_up_sync(FULL, sum, offset);
        if ((int)LANE >= offset) sum += below;
    }
    total = __shfl_sync(FULL, sum, 31);
    return sum - x;
}

// The sum over the threads below this one in the block; scratch (32) as in block_sum.
DEVICE int block_scan(int x, int& total, int* scratch)
{
    int warp_total;
    int below = warp_scan(x, warp_total);
    __syncthreads();
    if (LANE == 0) scratch[WARP] = warp_total;
    __syncthreads();
    total = 0;
    for (u32 w = 0; w < WARPS; w++) {
        if (w == WARP) below += total;
        total += scratch[w];
    }
    return below;
}

// ---- random numbers (Random/Philox.fs, Normal.fs, Streams.fs; the same bits) ----------------------------

struct Words { u32 w[4]; };

DEVICE Words philox(u64 key, u32 c0, u32 c1, u32 c2, u32 c3)
{
    u32 k0 = (u32)key, k1 = (u32)(key >> 32);
#pragma unroll
    for (int round = 0; round < 10; round++) {
        u32 high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
        u32 high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    Words words = {{c0, c1, c2, c3}};
    return words;
}

// Numbers of purposes within a sample (Purpose.Id).
#define PURPOSE_FACTOR 0u
#define PURPOSE_FIRING 1u
#define PURPOSE_MAGNITUDE 2u
#define PURPOSE_SIBLING 3u

// The block of words of indices 4·quarter … 4·quarter+3.
DEVICE Words draw_block(u64 seed, u32 stream, u32 purpose, i64 row, u32 quarter)
{
    return philox(seed, quarter, (stream << 8) | purpose, (u32)row, (u32)((u64)row >> 32));
}

DEVICE u32 draw_word(u64 seed, u32 stream, u32 purpose, i64 row, u32 index)
{
    return draw_block(seed, stream, purpose, row, index >> 2).w[index & 3];
}

// Normal.log.
DEVICE float normal_log(float x)
{
    int shifted = (int)__float_as_uint(x) - 0x3F3504F3;
    int exponent = shifted >> 23;
    float m = __uint_as_float((u32)((shifted & 0x007FFFFF) + 0x3F3504F3));
    float s = (m - 1.0f) / (m + 1.0f);
    float z = s * s;
    float p = 0.22222222f;
    p = fmaf(p, z, 0.2857143f);
    p = fmaf(p, z, 0.4f);
    p = fmaf(p, z, 0.6666667f);
    p = p * z;
    float log_m = fmaf(p, s, s + s);
    return fmaf((float)exponent, 0.6931472f, log_m);
}

// Normal.ofWord.
DEVICE float normal_of_word(u32 word)
{
    float q = (float)(int)(word ^ 0x80000000u) * 2.3283064e-10f + 1.1641532e-10f;
    if (fabsf(q) <= 0.425f) {
        float r = fmaf(-q, q, 0.180625f);
        float a = 59.109374720f;
        a = fmaf(a, r, 159.29113202f);
        a = fmaf(a, r, 50.434271938f);
        a = fmaf(a, r, 3.3871327179f);
        float b = 67.187563600f;
        b = fmaf(b, r, 78.757757664f);
        b = fmaf(b, r, 17.895169469f);
        b = fmaf(b, r, 1.0f);
        return q * a / b;
    }
    u32 tail = q < 0.0f ? word : ~word;
    float r = sqrtf(-normal_log(((float)tail + 0.5f) * 2.3283064e-10f)) - 1.6f;
    float a = 0.17023821103f;
    a = fmaf(a, r, 1.3067284816f);
    a = fmaf(a, r, 2.7568153900f);
    a = fmaf(a, r, 1.4234372777f);
    float b = 0.12021132975f;
    b = fmaf(b, r, 0.73700164250f);
    b = fmaf(b, r, 1.0f);
    float magnitude = a / b;
    return q < 0.0f ? -magnitude : magnitude;
}
