module SynthSae.Tests.SmokeTests

open Xunit

[<Fact>]
let ``the command line answers with exit code 0`` () =
    Assert.Equal(0, SynthSae.Program.Main [||])
