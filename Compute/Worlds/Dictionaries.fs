namespace SynthSae.Compute

open System
open MathNet.Numerics.LinearAlgebra
open SynthSae.Compute.Ops
open SynthSae.Spec

/// The feature directions V (N, D), unit rows, and the bias.
module Dictionaries =
    /// V (N, D) with independent standard normal entries, drawn row by row.
    let private normals threads (seed: uint64) numFeatures dim =
        let v = Matrix.zeros numFeatures dim

        Threads.ranges threads numFeatures 64 (fun _ first last ->
            for row in first .. last - 1 do
                Draw.normals seed Stream.Training Purpose.FeatureVector (int64 row) (v.Row row))

        v

    /// Independent directions, uniform on the sphere.
    let randomUnit threads seed numFeatures dim =
        let v = normals threads seed numFeatures dim
        Rows.normalise threads v
        v

    /// Mutually orthogonal directions, N ≤ D: the first factor of a random matrix's QR decomposition.
    let mutuallyOrthogonal (seed: uint64) numFeatures dim =
        if numFeatures > dim then
            let problem = $"{numFeatures} directions cannot be orthogonal in {dim} dimensions"
            raise (BadInput("dictionary", problem))

        let random = normals 1 seed numFeatures dim

        let columns = Matrix<float>.Build.Dense(dim, numFeatures, fun k i -> float random[i, k])

        let q = columns.QR(Factorization.QRMethod.Thin).Q
        Matrix.init numFeatures dim (fun i k -> float32 q[k, i])

    /// Given rows, normalised.
    let given threads (rows: float32[][]) dim =
        let v = Matrix.zeros rows.Length dim
        rows |> Array.iteri (fun i row -> row.CopyTo(v.Row i))
        Rows.normalise threads v
        v

    let private orthogonalise backend (settings: Orthogonalization) v =
        match backend with
        | Backend.Reference -> OrthogonaliseReference.run settings.NumSteps settings.Lr v
        | Backend.Cpu threads -> OrthogonaliseCpu.run threads settings.NumSteps settings.Lr v
        | Backend.Cuda(gpu, _) -> OrthogonaliseCuda.run gpu settings.NumSteps settings.Lr v

    /// V of a specification, orthogonalised where it says so.
    let compile (backend: Backend) (seed: uint64) (spec: SyntheticModelSpec) =
        let threads = Backend.threads backend

        let v =
            match spec.Dictionary with
            | Dictionary.RandomUnit -> randomUnit threads seed spec.NumFeatures spec.HiddenDim
            | Dictionary.MutuallyOrthogonal ->
                mutuallyOrthogonal seed spec.NumFeatures spec.HiddenDim
            | Dictionary.Given rows -> given threads rows spec.HiddenDim

        spec.Orthogonalization |> Option.iter (fun settings -> orthogonalise backend settings v)
        v

    /// A random direction (D) of the given norm; zeros for norm 0.
    let bias (seed: uint64) dim (norm: float) : float32[] =
        let direction = Array.zeroCreate dim

        if norm <> 0.0 then
            Draw.normals seed Stream.Training Purpose.Bias 0L (direction.AsSpan())
            Rows.normaliseTo norm (direction.AsSpan())

        direction
