/// What a run is said to take of a GPU before it begins, and what it takes.
module SynthSae.Tests.Cuda.GpuMemoryPlanTests

open System
open SynthSae.Compute
open SynthSae.Compute.Training
open SynthSae.Spec
open SynthSae.Tests
open Xunit

let private dim, latents, batch, features = 48, 512, 128, 256

let private run changes : Valid<RunSpec> =
    let tiny = (Presets.tryFind "tiny" |> Option.get).Run
    let model = SyntheticModelSpec.create features dim

    let start =
        { tiny with
            Data = DataSource.Synthetic(ModelSource.Spec model)
            Saes = [ SaeSpec.batchTopK latents 6.0 ]
            Training =
                { tiny.Training with
                    BatchSize = batch
                    Samples = int64 (8 * batch) * 1L<sample> } }

    match RunSpec.set changes start |> Result.bind RunSpec.validate with
    | Ok run -> run
    | Error errors -> failwith $"{errors}"

let private settled () =
    for _ in 1..2 do
        GC.Collect(2, GCCollectionMode.Forced, true, true)
        GC.WaitForPendingFinalizers()

/// Bytes that are held of the GPU beside what was before.
let private held (make: unit -> 'T) =
    settled ()
    let gpu = FakeGpu.gpu ()
    let before = gpu.Allocated
    let made = make ()
    let bytes = gpu.Allocated - before
    GC.KeepAlive made
    bytes

let private isNear expected (actual: int64) =
    Assert.InRange(float actual, 0.85 * float expected, 1.05 * float expected)

let private predicted spec =
    GpuMemoryPlan.predict [ spec ] features dim

[<Collection("gpu")>]
type GpuMemoryPlanTests() =

    [<CudaTheory>]
    [<InlineData("batchtopk", "")>]
    [<InlineData("batchtopk", "aux_loss_coefficient=0 lista_eta=0.3")>]
    [<InlineData("topk", "aux_loss_coefficient=0 normalize_activations=layer_norm")>]
    [<InlineData("matryoshka_batchtopk",
                 "matryoshka_widths=[64,256] use_matryoshka_aux_loss=true lista_eta=0.2")>]
    [<InlineData("standard", "")>]
    [<InlineData("jumprelu", "")>]
    [<InlineData("gated", "")>]
    [<InlineData("matching_pursuit", "max_iterations=6")>]
    member _.``what a trainer takes is what was predicted``(architecture: string, more: string) =
        let more = more.Split(' ', StringSplitOptions.RemoveEmptyEntries)

        let spec =
            run
                [ yield "sae.architecture", architecture
                  for change in more do
                      let at = change.IndexOf '='
                      yield $"sae.{change[.. at - 1]}", change[at + 1 ..] ]

        let backend = Backend.Cuda(FakeGpu.gpu (), 1)
        let bytes = held (fun () -> Trainer(backend, spec, dim))
        let expected = (predicted spec).Saes.Head - GpuMemoryPlan.workspace
        isNear expected (bytes - GpuMemoryPlan.workspace)

    [<CudaFact>]
    member _.``what the batches take is what was predicted``() =
        let spec = run []

        let world =
            SyntheticModelSpec.create features dim
            |> SyntheticModelSpec.validate
            |> Result.defaultWith (fun errors -> failwith $"{errors}")
            |> WorldCompiler.compile (Backend.Cpu 1)

        let sampler = Sampler.create (Backend.Cuda(FakeGpu.gpu (), 1)) world
        let bytes = held (fun () -> Feeds.ofSampler sampler Stream.Training batch 0L)
        isNear (predicted spec).Data bytes

    [<Fact>]
    member _.``all SAEs are held at once, and one is scored at a time``() =
        let one, wide = run [], run [ "sae.d_sae", "4096" ]
        let both = GpuMemoryPlan.predict [ one; wide ] features dim
        Assert.Equal<int64 list>((predicted one).Saes @ (predicted wide).Saes, both.Saes)
        Assert.Equal((predicted wide).Scoring, both.Scoring)
        Assert.Equal((predicted one).Data, both.Data)
