module SynthSae.Tests.TorchRandomTests

open SynthSae.Compute
open Xunit

let private assertClose (tolerance: float) (expected: float list) (actual: float32[]) =
    for i, value in List.indexed expected do
        Assert.Equal(value, float actual[i], tolerance)

[<Fact>]
let ``the Mersenne Twister gives its published words`` () =
    let twister = MersenneTwister 5489u
    Assert.Equal(3499211612u, twister.Word())

    for _ in 2..9999 do
        twister.Word() |> ignore

    // The 10000th word, by which the C++ standard defines mt19937.
    Assert.Equal(4123659995u, twister.Word())

[<Fact>]
let ``uniform numbers are torch's`` () =
    assertClose 5e-5 [ 0.4963; 0.7682; 0.0885; 0.1320; 0.3074; 0.6341 ] (TorchRandom.rand 6 0L)
    assertClose 5e-5 [ 0.8823; 0.9150; 0.3829; 0.9593; 0.3904 ] (TorchRandom.rand 5 42L)

[<Fact>]
let ``fewer than 16 normal numbers are torch's`` () =
    assertClose 5e-5 [ 1.5410; -0.2934; -2.1788 ] (TorchRandom.randn 3 0L)

[<Fact>]
let ``16 or more normal numbers are torch's`` () =
    assertClose 5e-5 [ 1.9269; 1.4873; 0.9007; -2.1055 ] (TorchRandom.randn 16 42L)

[<Fact>]
let ``only the last 16 values of an uneven length are drawn again`` () =
    let even = TorchRandom.randn 48 3L
    let uneven = TorchRandom.randn 55 3L
    Assert.Equal<float32[]>(even[..38], uneven[..38])
    Assert.NotEqual<float32[]>(even[39..47], uneven[39..47])

[<Fact>]
let ``a seed counts modulo 2 to the 32`` () =
    Assert.Equal<float32[]>(TorchRandom.randn 20 43L, TorchRandom.randn 20 (43L + (1L <<< 32)))
