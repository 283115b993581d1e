/// The commands on a GPU, which the emulator stands for, as a user gives them.
module SynthSae.Tests.Shell.DeviceTests

open System
open System.IO
open SynthSae.Compute.Cuda
open SynthSae.Tests
open Xunit

let private emulator = lazy (FakeGpu.build Kernels.source)

let private spawnWith (folder: TemporaryFolder) variables args =
    Cli.spawn folder.Path ((LibraryPlaces.Setting, emulator.Value) :: variables) args

let private spawn folder args =
    let outcome = spawnWith folder [] args
    Assert.True((outcome.Code = 0), outcome.Error)
    outcome

/// A run of many small steps.
let private run samples =
    [ "run"; "tiny"; "--samples"; samples; "--eval-samples"; "500" ]
    @ [ "--set"; "batch_size=64"; "--quiet" ]

let private onGpu = [ "--device"; "cuda" ]

let private result (folder: TemporaryFolder) name =
    Cli.json (File.ReadAllText(folder.File $"{name}/result.json"))

let private number path json = (Cli.at path json).GetValue<float>()

let private weights (folder: TemporaryFolder) (name: string) =
    Convert.ToHexString(File.ReadAllBytes(folder.File $"{name}/sae_weights.safetensors"))

let private isRefused (outcome: Outcome) (folder: TemporaryFolder) (message: string) =
    Assert.Equal(2, outcome.Code)
    Assert.Equal(message, outcome.Error.Trim())
    Assert.False(Directory.Exists(folder.File "run"), "a folder is left behind")

let private refused variables device message =
    use folder = new TemporaryFolder()
    let outcome = spawnWith folder variables (run "640" @ [ "--out"; "run"; "--device"; device ])
    isRefused outcome folder message

[<CudaFact>]
let ``a run on a GPU scores as on the processor, and says what it ran on`` () =
    use folder = new TemporaryFolder()
    spawn folder (run "6400" @ onGpu @ [ "--out"; "gpu" ]) |> ignore
    spawn folder (run "6400" @ [ "--out"; "cpu" ]) |> ignore
    let gpu, cpu = result folder "gpu", result folder "cpu"

    for form in [ "training_form"; "saved_form" ] do
        for metric in [ "f1_score"; "mcc"; "explained_variance"; "sae_l0" ] do
            let path = $"evaluation/{form}/{metric}/value"
            Assert.Equal(number path cpu, number path gpu, 1e-3)

    Assert.Null((Cli.at "timing" gpu)["step_seconds"])
    let described = Cli.json (File.ReadAllText(folder.File "gpu/run.json"))
    Assert.Equal("cuda", (Cli.at "backend" described).GetValue<string>())
    Assert.Equal("cuda:0", (Cli.at "device" described).GetValue<string>())
    Assert.Equal("9.0", (Cli.at "gpu/compute_capability" described).GetValue<string>())
    Assert.Equal("12.8", (Cli.at "gpu/driver" described).GetValue<string>())
    let events = File.ReadAllText(folder.File "gpu/events.jsonl")
    Assert.Contains("on cuda:0 (CPU emulation, compute capability 9.0, driver 12.8", events)

[<CudaFact>]
let ``several SAEs are trained on the same batches of a GPU`` () =
    use folder = new TemporaryFolder()
    let sweep = run "1280" @ [ "--sweep"; "sae.k=2,4" ]
    spawn folder (sweep @ onGpu @ [ "--out"; "several" ]) |> ignore
    spawn folder (run "1280" @ onGpu @ [ "--set"; "sae.k=4"; "--out"; "one" ]) |> ignore
    let saes = Directory.GetDirectories(folder.File "several/saes") |> Array.sort
    Assert.Equal(2, saes.Length)
    let second = $"several/saes/{Path.GetFileName saes[1]}"
    Assert.Equal(weights folder "one/sae", weights folder second)

[<CudaFact>]
let ``a run that is killed on a GPU goes on there to the bits of an uninterrupted one`` () =
    use folder = new TemporaryFolder()
    let what = run "19200" @ onGpu
    spawn folder (what @ [ "--out"; "whole" ]) |> ignore
    let often = [ "--checkpoint-every"; "30" ]
    let variables = [ LibraryPlaces.Setting, emulator.Value ]
    let child = Cli.start folder.Path variables (what @ often @ [ "--out"; "run" ])
    let checkpoints = folder.File "run/checkpoints"

    Cli.waitFor "a checkpoint" (fun () ->
        Directory.Exists checkpoints && Directory.GetFiles(checkpoints, "step-*").Length > 0)

    child.Kill()
    child.WaitForExit()
    child.Dispose()
    Assert.False(File.Exists(folder.File "run/result.json"))

    let elsewhere = spawnWith folder [] [ "run"; "--resume"; "run"; "--device"; "cpu"; "--quiet" ]

    Assert.Equal(2, elsewhere.Code)
    let refusal = "synthsae: --device: run began on a GPU and goes on there"
    Assert.Equal(refusal, elsewhere.Error.Trim())
    spawn folder ([ "run"; "--resume"; "run"; "--quiet" ] @ often) |> ignore
    Assert.Equal(weights folder "whole/sae", weights folder "run/sae")

    let scores name =
        (Cli.at "evaluation" (result folder name)).ToJsonString()

    Assert.Equal(scores "whole", scores "run")

[<CudaFact>]
let ``a saved SAE has the same scores on a GPU, and the model the same samples`` () =
    use folder = new TemporaryFolder()
    spawn folder (run "640" @ [ "--out"; "run" ]) |> ignore

    let f1 device =
        let args = [ "eval"; "run"; "--samples"; "500"; "--json"; "--device"; device ]
        number "evaluation/f1_score/value" (Cli.json (spawn folder args).Out)

    Assert.Equal(f1 "cpu", f1 "cuda", 1e-6)

    let truth device =
        let args = [ "sample"; "tiny"; "--samples"; "500"; "--json"; "--device"; device ]
        (Cli.at "true_l0" (Cli.json (spawn folder args).Out)).ToJsonString()

    Assert.Equal(truth "cpu", truth "cuda")

[<CudaFact>]
let ``a GPU that is not there is refused, and no folder is made`` () =
    refused [] "cuda:7" "synthsae: cuda:7: there is one GPU, cuda:0"

[<CudaFact>]
let ``without a GPU that the driver sees the reason is told`` () =
    refused [ "CPUCUDA_INIT", "100" ] "cuda" "synthsae: cuda:0: no device: the driver sees no GPU"

[<Fact>]
let ``without a driver the reason is told`` () =
    use folder = new TemporaryFolder()

    let outcome =
        Cli.spawn
            folder.Path
            [ LibraryPlaces.Setting, folder.Path ]
            (run "640" @ onGpu @ [ "--out"; "run" ])

    let problem = "no driver: no libcuda.so in any of 1 places"
    isRefused outcome folder $"synthsae: cuda:0: {problem}"

[<Theory>]
[<InlineData("gpu")>]
[<InlineData("cuda:")>]
[<InlineData("cuda:-1")>]
[<InlineData("cuda:fastest")>]
let ``a device that is none is refused`` (device: string) =
    use folder = new TemporaryFolder()
    let outcome = Cli.spawn folder.Path [] (run "640" @ [ "--out"; "run"; "--device"; device ])
    let rule = "must be cpu, cuda, cuda:NUMBER or cuda:freest"
    isRefused outcome folder $"synthsae: --device: {rule} (got {device})"

[<Fact>]
let ``the reference backend has no GPU`` () =
    use folder = new TemporaryFolder()

    let outcome =
        Cli.spawn
            folder.Path
            [ "SYNTHSAE_DEVICE", "cuda:1" ]
            (run "640" @ [ "--out"; "run"; "--backend"; "reference" ])

    let rule = "the reference backend computes on the processor (got cuda:1)"
    isRefused outcome folder $"synthsae: SYNTHSAE_DEVICE: {rule}"

let private small = [ "CPUCUDA_DEVICES", "Small One|9.0|24M|16M" ]

[<CudaFact>]
let ``a run that a GPU has no room for is refused with the figures`` () =
    use folder = new TemporaryFolder()
    let outcome = spawnWith folder small (run "640" @ onGpu @ [ "--out"; "run" ])
    Assert.Equal(2, outcome.Code)
    Assert.StartsWith("synthsae: GPU memory: about ", outcome.Error.Trim())
    Assert.Contains("but 16.0 MiB are free; --force-memory tries nevertheless", outcome.Error)

[<CudaFact>]
let ``a GPU that runs out of memory is no crash`` () =
    use folder = new TemporaryFolder()
    let args = run "640" @ onGpu @ [ "--out"; "run"; "--force-memory" ]
    let outcome = spawnWith folder small args
    Assert.Equal(2, outcome.Code)
    let figures = "Small One has 0.02 GB free of 0.03 GB; 0.03 GB more do not fit beside the "
    Assert.Contains($"synthsae: GPU 0: {figures}", outcome.Error)
