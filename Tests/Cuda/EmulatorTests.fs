module SynthSae.Tests.Cuda.EmulatorTests

open System.IO
open SynthSae.Compute.Cuda
open SynthSae.Tests
open Xunit

let private files =
    [ Kernels.files.Head
      "samples.cu", File.ReadAllText(Path.Combine(FakeGpu.emulator, "samples.cu")) ]

let private mutants = lazy Mutants.read (Path.Combine(FakeGpu.emulator, "mutants.txt"))

/// The samples, and what they do in the emulator's own tests.
let private samples =
    lazy
        (let folder = Directory.CreateTempSubdirectory("synthsae-emulator-").FullName
         let recording = Path.Combine(folder, "recording")
         let prelude = Path.Combine(folder, "Prelude.cu")
         File.WriteAllText(prelude, snd files.Head)
         FakeGpu.run "selftest.sh" [ prelude; folder; recording ]
         Mutants.prepare folder files recording)

let private mustBeCaught (mutant: Mutant) =
    use folder = new TemporaryFolder()
    Assert.True(Mutants.isCaught (samples.Force()) folder.Path mutant, $"not caught: {mutant}")

/// One test after another: they share the samples, and each keeps all cores busy.
[<Collection("gpu")>]
type EmulatorTests() =
    [<CudaFact>]
    member _.``The emulator passes its own tests``() = samples.Force() |> ignore

    [<CudaFact>]
    member _.``Right kernels do the same in every schedule``() =
        let samples = samples.Force()
        Assert.Empty(Mutants.replay samples.Plain samples.Recording)

    [<CudaFact>]
    member _.``Right kernels have no races``() =
        let samples = samples.Force()
        Assert.Empty(Mutants.races samples.Race samples.Recording)

    [<CudaFact>]
    member _.``A wrong result, a fault and a race are caught``() =
        mutants.Force() |> List.distinctBy _.Catcher |> List.iter mustBeCaught

    [<CudaFact>]
    [<Trait("Category", "Heavy")>]
    member _.``Every mistake in the samples is caught``() =
        mutants.Force() |> List.iter mustBeCaught
