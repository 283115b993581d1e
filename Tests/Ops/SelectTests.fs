module SynthSae.Tests.Ops.SelectTests

open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Tests
open FsCheck.FSharp
open Xunit

let private activations rows latents =
    [ for k in [ 0; 1; 3; latents; latents + 5 ] do
          Activation.TopK(k, true)
          Activation.TopK(k, false)
          Activation.AbsTopK(k, true)
          Activation.AbsTopK(k, false)
      for k in [ 0.0; 0.4; 1.0; 2.5; float latents; float (rows * latents) ] do
          Activation.BatchTopK(k, true)
          Activation.BatchTopK(k, false)
      Activation.Relu
      Activation.Gated(Samples.vector 10 latents, Samples.vector 11 latents)
      Activation.JumpRelu(Samples.vector 9 latents) ]

let private agree (sae: Sae) (pre: Matrix) =
    let plain, fast = Codes sae.Latents, Codes sae.Latents
    SelectReference.run sae pre plain
    let selector = SelectCpu 3
    let scale = Select.scale sae

    // Twice: the second time the selector guesses its bound from the first.
    for _ in 1..2 do
        selector.Run(sae, scale, pre, fast) |> ignore
        Assert.Equal(Samples.entries plain, Samples.entries fast)

[<Fact>]
let ``every activation selects the same codes on both backends, ties and odd sizes included`` () =
    for rows, latents in [ 1, 1; 3, 17; 16, 16; 33, 50; 40, 129 ] do
        for activation in activations rows latents do
            let sae = Samples.sae 5 latents 7 activation
            agree sae (Samples.gaussian 11 rows latents)
            agree sae (Samples.tied 12 rows latents)

[<Fact>]
let ``a batch without positive values selects nothing`` () =
    let signed (activation: Activation) = not activation.IsAbsTopK

    for activation in activations 4 20 |> List.filter signed do
        let sae = Samples.sae 5 20 6 activation
        let codes = Codes 20
        let pre = Matrix.init 4 20 (fun row col -> -float32(row + col))
        let smallest = SelectCpu(2).Run(sae, Select.scale sae, pre, codes)
        Assert.Equal(0, codes.Count)
        Assert.Equal(0.0f, smallest)

[<Fact>]
let ``a bound guessed from a batch of large values does not lose the small ones of the next`` () =
    let sae = Samples.sae 5 64 6 (Activation.BatchTopK(4.0, false))
    let selector = SelectCpu 2
    let large = Matrix.init 8 64 (fun row col -> float32 (1000 + row + col))
    let small = Samples.gaussian 3 8 64
    let plain, fast = Codes 64, Codes 64

    for k in [ Activation.BatchTopK(4.0, false); Activation.TopK(4, false) ] do
        let sae = { sae with Activation = k }
        selector.Run(sae, [||], large, fast) |> ignore
        selector.Run(sae, [||], small, fast) |> ignore
        SelectReference.run sae small plain
        Assert.Equal(Samples.entries plain, Samples.entries fast)

[<Fact>]
let ``BatchTopK returns the least compared value that it kept`` () =
    let sae = Samples.sae 5 40 6 (Activation.BatchTopK(3.0, true))
    let pre = Samples.gaussian 4 10 40
    let scale = Select.scale sae
    let codes = Codes 40
    let smallest = SelectCpu(2).Run(sae, scale, pre, codes)

    let kept =
        [ for row in 0..9 do
              for latent in codes.RowIndex(row).ToArray() do
                  Select.compared scale pre row latent ]

    Assert.Equal(30, kept.Length)
    Assert.Equal(List.min kept, smallest)

[<Fact>]
let ``the value of any rank is found as by sorting`` () =
    let lists =
        Gen.nonEmptyListOf (Gen.elements [ 0.0f; -1.0f; 2.5f; 2.5f; 7.0f; -3.25f; 1e-30f ])

    Property.forAll lists (fun values ->
        let sorted = values |> List.sortDescending |> List.toArray

        Seq.forall
            (fun k ->
                let scratch = List.toArray values
                Ranking.kthLargest (System.Span<float32> scratch) k = sorted[k - 1])
            (seq { 1 .. sorted.Length }))
