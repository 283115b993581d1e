module SynthSae.Tests.SmokeTests

open SynthSae.Bench
open Xunit

[<Fact>]
let ``the command line answers with exit code 0`` () =
    Assert.Equal(0, SynthSae.Program.Main [||])

[<Fact>]
let ``a timing is never negative`` () =
    Assert.True(Bench.seconds ignore >= 0.0)
