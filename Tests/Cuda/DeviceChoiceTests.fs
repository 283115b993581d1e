module SynthSae.Tests.Cuda.DeviceChoiceTests

open SynthSae.Compute.Cuda
open Xunit

[<Fact>]
let ``a GPU is chosen by number, or as the one with the most free memory`` () =
    for text, expected in
        [ "cuda", DeviceChoice.Index 0
          "cuda:0", DeviceChoice.Index 0
          "CUDA:12", DeviceChoice.Index 12
          "cuda:freest", DeviceChoice.Freest ] do
        Assert.Equal(Ok expected, DeviceChoice.parse text)

[<Theory>]
[<InlineData("")>]
[<InlineData("gpu")>]
[<InlineData("cuda:")>]
[<InlineData("cuda:-1")>]
[<InlineData("cuda:1.5")>]
[<InlineData("cuda: 1")>]
[<InlineData("cuda:99999999999")>]
[<InlineData("cuda:free")>]
let ``anything else is refused with one message`` (text: string) =
    let expected = $"must be cuda, cuda:NUMBER or cuda:freest (got {text})"
    Assert.Equal(Error expected, DeviceChoice.parse text)

[<Fact>]
let ``a choice reads as it is given`` () =
    for text in [ "cuda:0"; "cuda:3"; "cuda:freest" ] do
        Assert.Equal(Ok text, DeviceChoice.parse text |> Result.map string)
