namespace SynthSae.Bench

open System
open SynthSae.Compute

/// Pre-activations that are hard to select from.
module SelectInputs =
    /// Standard normal numbers.
    let normal seed rows latents = Inputs.normal seed rows latents

    /// Of each element.
    let map (f: float32 -> float32) (matrix: Matrix) =
        Matrix.init matrix.Rows matrix.Cols (fun b j -> f matrix[b, j])

    /// Few different values, −0 among them.
    let coarse seed rows latents =
        normal seed rows latents |> map (fun x -> MathF.Round(2.0f * x) / 2.0f)

    /// One value everywhere.
    let constant value rows latents =
        Matrix.init rows latents (fun _ _ -> value)

    /// Values whose bits differ in the last few places only.
    let close seed rows latents =
        normal seed rows latents
        |> map (fun x -> BitConverter.Int32BitsToSingle(0x3F800000 + int (abs x * 50.0f)))

    /// Zeros of both signs, values below the least normal number, large ones and infinities.
    let extreme seed rows latents =
        let special =
            [| 0.0f; -0.0f; 1e-45f; -1e-45f; 3e-40f; 3e38f; infinityf; -infinityf; 1.0f; -3e38f |]

        let random = Random(seed: int)
        Matrix.init rows latents (fun _ _ -> special[random.Next special.Length])

    /// Rows of very different sizes.
    let uneven seed rows latents =
        let matrix = normal seed rows latents
        Matrix.init rows latents (fun b j -> matrix[b, j] * MathF.Pow(2.0f, float32 (b % 7 - 3)))

    /// Norms of decoder rows.
    let norms latents =
        Inputs.normals 77 latents |> Array.map (fun x -> 0.5f + abs x)
