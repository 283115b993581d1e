namespace SynthSae.Compute.Training

open System
open SynthSae.Compute
open SynthSae.Compute.Ops
open SynthSae.Spec

/// A new start for n latents that have stopped firing.
type NewLatents =
    {
        /// Which latents, ascending (n).
        Latents: int[]
        /// The fresh sample that each starts from (n).
        Samples: int[]
        /// Their rows of W_dec (n, D).
        Decoder: Matrix
        /// Their rows of W_encᵀ (n, D); (0, D) for matching pursuit.
        Encoder: Matrix
        /// Their θ, if the SAE is a JumpReLU (n); else empty.
        Thresholds: float32[]
    }

/// Resampling of dead latents (Bricken et al. 2023, with the details of FRONTIER §2): each starts anew at a sample that
/// is reconstructed badly. With ρ = x − x̂ of fresh samples, a sample is chosen with probability ∝ ‖ρ‖², and
/// u = ρ/‖ρ‖ becomes the direction of encoder and decoder.
module Resampling =
    /// A threshold that is set anew is at least this.
    [<Literal>]
    let LeastThreshold = 1e-3

    /// Whether dead latents are resampled before this 0-based step of a run.
    let isDue (resampling: Resampling) (steps: int<step>) (step: int64) =
        step > 0L
        && step % int64 resampling.Every = 0L
        && float step < resampling.Until * float steps

    /// ρ = x − x̂ (S, D) of samples x, in the SAE's form as it is trained: its selection, on batches of up to `rows`
    /// samples. What is used to choose and to point does not depend on a running threshold that lags behind.
    let residuals (backend: Backend) (sae: Sae) (rows: int) (x: Matrix) : Matrix =
        let runner = SaeRunner(backend, sae)
        let codes = Codes sae.Latents
        let result = Matrix(x.Rows, x.Cols)

        for first in 0..rows .. x.Rows - 1 do
            let count = min rows (x.Rows - first)
            let batch = Matrix(count, x.Cols)
            let reconstruction = Matrix(count, x.Cols)
            x.Span.Slice(first * x.Cols, batch.Length).CopyTo batch.Span
            runner.Encode(batch, codes)
            runner.Decode(codes, reconstruction)
            let target = result.RowPtr first
            Simd.combine 1.0f batch.Ptr -1.0f reconstruction.Ptr target batch.Length

        result

    /// The first position whose sum is above `target`: a weight of 0 adds nothing, so it is never that.
    let private firstAbove (sums: float[]) target =
        let mutable low = 0
        let mutable high = sums.Length - 1

        while low < high do
            let middle = (low + high) / 2

            if sums[middle] > target then high <- middle else low <- middle + 1

        low

    /// For each of `count` latents a sample, with replacement and with probability ∝ its weight, by draws that
    /// depend on (seed, step, place among the latents). Empty if no weight is above 0, or one is not finite.
    let choose (seed: uint64) (step: int64) (weights: float[]) (count: int) : int[] =
        let sums = Array.scan (+) 0.0 weights |> Array.tail
        let total = Array.last sums

        if not (Double.IsFinite total) || total <= 0.0 then
            [||]
        else
            Array.init count (fun i ->
                let u = Draw.uniform seed Stream.Resampling Purpose.Resampling step i
                firstAbove sums (u * total))

    /// Mean norm of the rows that stay; of all rows if none does.
    let private meanNorm (matrix: Matrix) (leaving: int[]) =
        let all = [| 0 .. matrix.Rows - 1 |]
        let staying = Array.except leaving all

        (if staying.Length = 0 then all else staying)
        |> Array.averageBy (fun row -> Math.Sqrt(Rows.squaredNormAt matrix row))

    /// Rows of the given norm in the directions of `directions`.
    let private towards (directions: Matrix) (norm: float) =
        let rows = Matrix.copy directions

        for row in 0 .. rows.Rows - 1 do
            Rows.normaliseTo norm (rows.Row row)

        rows

    /// x' of samples: scaled, and without b_dec where that is subtracted.
    let private inputs (sae: Sae) (x: Matrix) =
        let scaled = Matrix.copy x

        if sae.Scaling <> InputScaling.None then
            let shifts, factors = Array.zeroCreate x.Rows, Array.zeroCreate x.Rows
            InputScale.apply sae.Scaling x scaled shifts factors

        EncodeReference.centre sae scaled scaled

    /// θ of latents without bias: half the pre-activation on the sample that each starts from.
    let private thresholds (sae: Sae) (encoder: Matrix) (samples: Matrix) =
        let input = inputs sae samples

        Array.init encoder.Rows (fun n ->
            let mutable pre = 0.0

            for i in 0 .. encoder.Cols - 1 do
                pre <- pre + float input[n, i] * float encoder[n, i]

            float32 (max LeastThreshold (pre / 2.0)))

    /// The new start of the latents `silent` (ascending) from fresh samples x (S, D) and their residuals; `None` when
    /// nothing is left to start from.
    let start
        (resampling: Resampling)
        (seed: uint64)
        (step: int64)
        (sae: Sae)
        (silent: int[])
        (x: Matrix)
        (residuals: Matrix)
        : NewLatents option =
        let weights = Array.init residuals.Rows (Rows.squaredNormAt residuals)
        let samples = choose seed step weights silent.Length

        if samples.Length = 0 then
            None
        else
            let directions = Rows.gather residuals samples

            let encoder =
                match sae.Activation with
                | Activation.Pursuit _ -> Matrix(0, sae.Dim)
                | _ -> towards directions (resampling.EncoderScale * meanNorm sae.Encoder silent)

            Some
                { Latents = silent
                  Samples = samples
                  Decoder = towards directions (meanNorm sae.Decoder silent)
                  Encoder = encoder
                  Thresholds =
                    match sae.Activation with
                    | Activation.JumpRelu _ -> thresholds sae encoder (Rows.gather x samples)
                    | _ -> [||] }

/// New latents in what a training step works on: their rows and thresholds, 0 for their biases and magnitudes, and 0 for
/// Adam's moments of all that. Everything else stays to the bit.
module internal NewLatents =
    // ---- float32, in the layout of `Sae` ---------------------------------------------------------

    let private clear (latents: int[]) (p: Parameters) =
        for _, matrix in p.Matrices do
            if matrix.Rows > 0 then
                for latent in latents do
                    matrix.Row(latent).Clear()

        let ofLatents =
            [ p.EncoderBias; p.Threshold; p.MagnitudeScale; p.MagnitudeBias ]
            |> List.filter (Array.isEmpty >> not)

        for vector in ofLatents do
            for latent in latents do
                vector[latent] <- 0.0f

    let private put (latents: int[]) (rows: Matrix) (matrix: Matrix) =
        for n in 0 .. rows.Rows - 1 do
            rows.Row(n).CopyTo(matrix.Row latents[n])

    /// What is trained of θ.
    let private trained architecture (threshold: float) =
        match architecture with
        | SaeArchitecture.JumpRelu { Parameter = ThresholdParameter.Log } -> Math.Log threshold
        | _ -> threshold

    /// Into the arrays of a sparse step.
    let intoSparse architecture (fresh: NewLatents) (state: SparseState) =
        let p = state.Parameters
        List.iter (clear fresh.Latents) state.Parts

        put fresh.Latents fresh.Encoder p.Encoder
        put fresh.Latents fresh.Decoder p.Decoder

        for n in 0 .. fresh.Thresholds.Length - 1 do
            let threshold = trained architecture (float fresh.Thresholds[n])
            p.Threshold[fresh.Latents[n]] <- float32 threshold

    // ---- float64, in the reference's layout ------------------------------------------------------

    /// `value name n i`, number i of new latent n, in all places of a table that belong to new latents.
    let private replace latents (fresh: NewLatents) value (p: DenseParameters) : DenseParameters =
        let place = Array.create latents -1
        fresh.Latents |> Array.iteri (fun n latent -> place[latent] <- n)

        let at name latent i old =
            if place[latent] < 0 then old else value name place[latent] i

        p
        |> Map.map (fun name table ->
            match name with
            | "b_dec" -> table
            | "W_dec" -> table |> Array2D.mapi (at name)
            | _ -> table |> Array2D.mapi (fun i latent -> at name latent i))

    /// Into the state of a dense step.
    let intoDense (fresh: NewLatents) (state: DenseState) : DenseState =
        let latents = Array2D.length1 state.Parameters["W_dec"]
        let zero _ _ _ = 0.0

        let value name n i =
            match name with
            | "W_dec" -> float fresh.Decoder[n, i]
            | "W_enc" -> float fresh.Encoder[n, i]
            | "threshold" -> float fresh.Thresholds[n]
            | "log_threshold" -> Math.Log(float fresh.Thresholds[n])
            | _ -> 0.0

        { state with
            Parameters = replace latents fresh value state.Parameters
            M = replace latents fresh zero state.M
            V = replace latents fresh zero state.V }
