module SynthSae.Tests.Cuda.KernelMistakesTests

open System.IO
open SynthSae.Bench
open SynthSae.Compute.Cuda
open SynthSae.Tests
open Xunit

/// All kernels, and what they do in all cases.
let private kernels =
    lazy
        (let folder = Directory.CreateTempSubdirectory("synthsae-kernels-").FullName
         let recording = Path.Combine(folder, "recording")

         try
             let gpu = FakeGpu.gpu ()
             FakeGpu.set "record" recording
             FakeGpu.set "threads" "1"

             for case in AllCases.all do
                 case.Run gpu |> ignore
         finally
             FakeGpu.set "record" ""
             FakeGpu.set "threads" ""

         Mutants.prepare folder Kernels.files recording)

let private mutants = lazy Mutants.read (Path.Combine(FakeGpu.emulator, "..", "mutants.txt"))

/// Minutes: ThreadSanitizer compiles all kernels, and every mistake wants a compiler of its own.
[<Collection("gpu")>]
[<Trait("Category", "Heavy")>]
type KernelMistakesTests() =
    [<CudaFact>]
    member _.``The kernels have no races``() =
        let kernels = kernels.Force()
        Assert.Empty(Mutants.races kernels.Race kernels.Recording)

    [<CudaFact>]
    member _.``Every mistake in a kernel is caught``() =
        let kernels = kernels.Force()

        let escaped =
            [ for mutant in mutants.Force() do
                  use folder = new TemporaryFolder()

                  if not (Mutants.isCaught kernels folder.Path mutant) then
                      mutant.Name ]

        Assert.Empty escaped
