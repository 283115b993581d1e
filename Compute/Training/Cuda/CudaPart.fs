namespace SynthSae.Compute.Training

open SynthSae.Compute
open SynthSae.Compute.Cuda
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The terms of a step's loss in a GPU's memory, by name.
[<Sealed>]
type DeviceTerms(gpu: Gpu, most: int) =
    let values = DeviceArray.zeros<float> gpu most
    let names = ResizeArray<string>()

    /// (most): the terms, in the order in which they were added.
    member _.Values = values

    /// Their names.
    member _.Names = List.ofSeq names

    /// Room for a term of this name; it stays 0 until something is written.
    member _.Add(name: string) : DeviceScalar<float> =
        if names.Count = most then
            invalidOp $"no room for {name}"

        names.Add name
        DeviceScalar.at (names.Count - 1) values

/// What the parts of a step on a GPU share.
type CudaPart =
    {
        Gpu: Gpu
        /// Makes the dense products.
        Gemm: GemmLibrary
        Plan: StepPlan
        /// The SAE's shapes and constants; its arrays are not those that are trained.
        Sae: Sae
        Parameters: DeviceParameters
        Gradients: DeviceParameters
        /// ‖W_dec,j‖ (L), kept up to date by the step.
        Norms: DeviceArray<float32>
        Ring: StepRing
        Terms: DeviceTerms
        /// (L): steps since each latent last fired.
        SinceFired: DeviceArray<int>
        /// The dead latents.
        Dead: DeviceLatents
        /// Whether AuxK is part of a step that runs, or is recorded, now.
        mutable Revives: bool
        /// c = 2/B, of the squared error.
        Factor: DeviceScalar<float32>
        /// 0.
        Zero: DeviceScalar<float32>
        /// Nothing: the absent argument of a kernel.
        None: DeviceArray<float32>
    }

    /// B.
    member part.Batch = part.Plan.Training.BatchSize

    /// L.
    member part.Latents = part.Sae.Latents

    /// D.
    member part.Dim = part.Sae.Dim

    /// Find the dead latents: all, or those of one level where levels (L) are given.
    member part.FindDead(level: DeviceArray<int>, wanted: int, dead: DeviceLatents) =
        part.Gpu.Launch(
            "dead_list",
            1,
            1024,
            [ part.SinceFired.Arg
              Arg.Of part.Latents
              Arg.Of(int part.Plan.Training.DeadFeatureWindow)
              level.Arg
              Arg.Of wanted
              dead.Count.Arg
              dead.Indices.Arg
              dead.Oldest.Arg ]
        )

    /// a ← a + b.
    member part.Add(a: DeviceMatrix, b: DeviceMatrix) =
        let size = int64 a.Rows * int64 a.Cols

        part.Gpu.Launch(
            "matrix_add",
            int ((size + 255L) / 256L),
            256,
            [ a.Arg; b.Arg; Arg.Of size ]
        )
