namespace SynthSae.Tests

open SynthSae.Compute

/// Random operands for op tests: the sizes and ties that break kernels.
module Samples =
    /// (rows, cols) of normal numbers, a pure function of the seed.
    let gaussian (seed: int) rows cols =
        Matrix.init rows cols (fun row col ->
            Draw.normal (uint64 seed) Stream.Inspection Purpose.Initialisation (int64 row) col)

    /// The same, rounded to quarters, so that many values are equal and many are zero.
    let tied seed rows cols =
        let matrix = gaussian seed rows cols
        Matrix.init rows cols (fun row col -> round (4.0f * matrix[row, col]) / 4.0f)

    /// A vector of normal numbers.
    let vector seed length = (gaussian seed 1 length).Span.ToArray()

    /// An SAE with random parameters.
    let sae seed latents dim activation : Sae =
        { Encoder = gaussian seed latents dim
          Decoder = gaussian (seed + 1) latents dim
          EncoderBias = vector (seed + 2) latents
          DecoderBias = vector (seed + 3) dim
          ApplyDecoderBiasToInput = true
          Activation = activation
          Refinement = None
          Scaling = InputScaling.None }

    /// Largest |a − b| over all elements.
    let distance (a: Matrix) (b: Matrix) =
        let mutable most = 0.0

        for row in 0 .. a.Rows - 1 do
            for col in 0 .. a.Cols - 1 do
                most <- max most (abs (float a[row, col] - float b[row, col]))

        most

    /// Row starts, indices and values, for comparison to the bit.
    let entries (codes: Codes) =
        codes.RowStart[0 .. codes.Rows],
        codes.Index[0 .. codes.Count - 1],
        codes.Value[0 .. codes.Count - 1]
