namespace SynthSae.Compute

open System

/// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) under a 32-bit seed.
[<Sealed>]
type MersenneTwister(seed: uint32) =
    static let size = 624
    static let shift = 397

    let state: uint32[] =
        let state = Array.zeroCreate size
        state[0] <- seed

        for i in 1 .. size - 1 do
            let previous = state[i - 1]
            state[i] <- 1812433253u * (previous ^^^ (previous >>> 30)) + uint32 i

        state

    let mutable next = size

    let refill () =
        for i in 0 .. size - 1 do
            let joined = (state[i] &&& 0x80000000u) ||| (state[(i + 1) % size] &&& 0x7FFFFFFFu)

            let twist = if joined &&& 1u = 0u then 0u else 0x9908B0DFu
            state[i] <- state[(i + shift) % size] ^^^ (joined >>> 1) ^^^ twist

        next <- 0

    /// The next word of the sequence.
    member _.Word() : uint32 =
        if next = size then
            refill ()

        let mutable y = state[next]
        next <- next + 1
        y <- y ^^^ (y >>> 11)
        y <- y ^^^ ((y <<< 7) &&& 0x9D2C5680u)
        y <- y ^^^ ((y <<< 15) &&& 0xEFC60000u)
        y ^^^ (y >>> 18)

/// The reference's CPU generator (torch), for the vectors that it does not store but draws again from
/// the seed whenever a model is loaded. Values agree with the reference to the rounding of its own
/// vectorised log, sin and cos. A seed counts modulo 2³², as it does there.
module TorchRandom =
    [<Literal>]
    let private Block = 16

    let private generator (seed: int64) =
        MersenneTwister(uint32 (uint64 seed &&& 0xFFFFFFFFUL))

    /// One number in [0, 1), a multiple of 2⁻²⁴.
    let private uniform (twister: MersenneTwister) =
        float32 (twister.Word() &&& 0xFFFFFFu) * (1.0f / 16777216.0f)

    /// One number in [0, 1), a multiple of 2⁻⁵³.
    let private uniform53 (twister: MersenneTwister) =
        let high = uint64 (twister.Word())
        let low = uint64 (twister.Word())
        let bits = ((high <<< 32) ||| low) &&& ((1UL <<< 53) - 1UL)
        float bits * (1.0 / 9007199254740992.0)

    /// A float32 function as the rounding of the double one, so that its bits are the same everywhere.
    let inline private rounded ([<InlineIfLambda>] f: float -> float) (x: float32) =
        float32 (f (float x))

    /// Box–Muller over a block of 16 uniform numbers, in place: value j with value j + 8.
    let private blockToNormal (block: Span<float32>) =
        for j in 0 .. Block / 2 - 1 do
            let radius = MathF.Sqrt(-2.0f * rounded Math.Log (1.0f - block[j]))
            let angle = 2.0f * MathF.PI * block[j + Block / 2]
            block[j] <- radius * rounded Math.Cos angle
            block[j + Block / 2] <- radius * rounded Math.Sin angle

    let private fill (twister: MersenneTwister) (target: Span<float32>) =
        for i in 0 .. target.Length - 1 do
            target[i] <- uniform twister

    /// Whole blocks; where the length is no multiple of 16, the last 16 values are drawn once more.
    let private manyNormals twister n =
        let values = Array.zeroCreate n
        fill twister (values.AsSpan())

        for first in 0..Block .. n - Block do
            blockToNormal (values.AsSpan(first, Block))

        if n % Block <> 0 then
            let last = values.AsSpan(n - Block, Block)
            fill twister last
            blockToNormal last

        values

    /// Fewer than a block: Box–Muller in double, a pair at a time.
    let private fewNormals twister n =
        let values = Array.zeroCreate n

        for first in 0..2 .. n - 1 do
            let angle = 2.0 * Math.PI * uniform53 twister
            let radius = Math.Sqrt(-2.0 * Math.Log(1.0 - uniform53 twister))
            values[first] <- float32 (radius * Math.Cos angle)

            if first + 1 < n then
                values[first + 1] <- float32 (radius * Math.Sin angle)

        values

    /// `n` standard normal numbers: torch's `randn(n)` under a generator with this seed.
    let randn (n: int) (seed: int64) : float32[] =
        let twister = generator seed
        if n < Block then fewNormals twister n else manyNormals twister n

    /// `n` numbers uniform in [0, 1): torch's `rand(n)` under a generator with this seed.
    let rand (n: int) (seed: int64) : float32[] =
        let twister = generator seed
        Array.init n (fun _ -> uniform twister)
