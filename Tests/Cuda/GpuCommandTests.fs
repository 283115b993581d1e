module SynthSae.Tests.Cuda.GpuCommandTests

open SynthSae.Bench
open SynthSae.Tests
open Xunit

/// The names of the cases that only the suite has; those of ops are OpCasesTests'.
let names: TheoryData<string> =
    let data = TheoryData<string>()

    for case in GpuTrainings.cases @ GpuRuns.cases do
        data.Add(string case)

    data

[<Collection("gpu")>]
type GpuCommandTests() =
    [<CudaTheory>]
    [<MemberData("names", MemberType = typeof<GpuCommandTests>)>]
    member _.``trainings and scores on the GPU are those of the host``(name: string) =
        let cases = GpuTrainings.cases @ GpuRuns.cases
        let case = cases |> List.find (fun case -> string case = name)
        let agreement = case.Run(FakeGpu.gpu ())
        Assert.True(agreement.Holds, $"{agreement.Worst} of what is allowed: {agreement.Where}")

    [<CudaFact>]
    member _.``the check says what passed``() =
        FakeGpu.gpu () |> ignore
        let outcome = Cli.run [ "gpu"; "check"; "--filter"; "unitrows"; "--cache"; "none" ]
        Assert.True((outcome.Code = 0), outcome.Out + outcome.Error)
        Assert.Matches(@"\n[1-9]\d* passed, 0 failed\n$", outcome.Out)

    [<CudaFact>]
    member _.``a case that fails, by numbers or by an exception, is told and ends nothing``() =
        let case name run : OpCase = { Op = "Op"; Name = name; Run = run }

        let results =
            GpuCheck.run
                (FakeGpu.gpu ())
                [ case "throws" (fun _ -> failwith "broken")
                  case "differs" (fun _ -> Agreement.differs "x")
                  case "agrees" (fun _ -> Agreement.exact) ]
                ignore

        Assert.Equal<bool list>([ false; false; true ], results |> List.map _.Passed)
        Assert.Equal("broken", results.Head.Where)

    [<CudaFact>]
    member _.``the benchmark's JSON has rates, figures and the kernels of a step``() =
        FakeGpu.gpu () |> ignore
        let outcome = Cli.run [ "gpu"; "bench"; "--quick"; "--json"; "--cache"; "none" ]
        Assert.True((outcome.Code = 0), outcome.Error)
        let json = Cli.json outcome.Out
        let named = [ for figure in (Cli.at "figures" json).AsArray() -> string figure["name"] ]
        Assert.Contains("gpu/copy", named)
        Assert.Contains("train/batchtopk bf16", named)
        let kernels = [ for part in (Cli.at "step" json).AsArray() -> string part["kernel"] ]
        Assert.Contains("step_begin", kernels)

    [<CudaFact>]
    member _.``a device that is not there is bad input``() =
        FakeGpu.gpu () |> ignore

        for device in [ "cuda:7"; "tpu" ] do
            let outcome = Cli.run [ "gpu"; "check"; "--device"; device ]
            Assert.Equal(2, outcome.Code)
            Assert.NotEqual<string>("", outcome.Error)

    static member names = names
