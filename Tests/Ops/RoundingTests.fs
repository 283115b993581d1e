module SynthSae.Tests.Ops.RoundingTests

open System
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private precisions =
    [ Precision.Bf16, 7, MidpointRounding.ToEven
      Precision.Tf32, 10, MidpointRounding.AwayFromZero ]

/// A normal number with so many bits of fraction, by arithmetic.
let private nearest bits (mode: MidpointRounding) (value: float32) =
    if value = 0.0f then
        0.0
    else
        let unit = 2.0 ** float (Math.ILogB(float value) - bits)
        Math.Round(float value / unit, mode) * unit

let private numbers: float32[] =
    let random = Random 1

    let drawn =
        Array.init 20000 (fun _ ->
            BitConverter.Int32BitsToSingle(random.Next(0x00800000, 0x7F000000))
            * (if random.Next 2 = 0 then 1.0f else -1.0f))

    // Halfway between neighbours, above and below an even one, and beside it.
    let ties =
        [| for tie in [ 0x3F808000; 0x3F818000; 0x3F801000; 0x3F803000 ] do
               for beside in [ -1; 0; 1 ] do
                   BitConverter.Int32BitsToSingle(tie + beside)
                   -BitConverter.Int32BitsToSingle(tie + beside) |]

    Array.concat [ [| 0.0f; 1.0f; -1.0f |]; ties; drawn ]

[<Fact>]
let ``numbers are rounded to the nearest with so many bits of fraction`` () =
    for precision, bits, mode in precisions do
        for value in numbers do
            let expected = nearest bits mode value
            Assert.Equal(expected, float (Rounding.number precision value))

[<Fact>]
let ``what is rounded stays, and float32 is left as it is`` () =
    for value in numbers do
        Assert.Equal(value, Rounding.number Precision.Fp32 value)

        for precision, _, _ in precisions do
            let once = Rounding.number precision value
            Assert.Equal(once, Rounding.number precision once)

[<Fact>]
let ``what is not finite is not hidden by rounding`` () =
    // The GPU's own NaN has all bits set.
    let nans =
        [ nanf; BitConverter.Int32BitsToSingle 0x7FFFFFFF; BitConverter.Int32BitsToSingle -1 ]

    for precision, _, _ in precisions do
        for nan in nans do
            Assert.True(Single.IsNaN(Rounding.number precision nan))

        Assert.Equal(infinityf, Rounding.number precision infinityf)
        Assert.Equal(-infinityf, Rounding.number precision -infinityf)
        Assert.Equal(infinityf, Rounding.number precision Single.MaxValue)

[<Fact>]
let ``a matrix is rounded as its numbers are`` () =
    let odd = [| nanf; infinityf; Single.MaxValue; BitConverter.Int32BitsToSingle 0x7FFFFFFF |]
    let values = Array.append odd numbers[..994]
    let source = Matrix.ofArray 37 27 values

    for precision in [ Precision.Bf16; Precision.Tf32 ] do
        let target = Matrix(37, 27)
        Rounding.matrix 3 precision source target
        let bits = Array.map BitConverter.SingleToInt32Bits
        let expected = Array.map (Rounding.number precision) values
        Assert.Equal<int[]>(bits expected, bits (target.Span.ToArray()))
