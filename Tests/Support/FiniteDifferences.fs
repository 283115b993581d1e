namespace SynthSae.Tests

/// Gradients by central differences. With this step their error is about h²·|f‴| + 1e-16·|f|/h, below 1e-9 for
/// functions and derivatives of size 1 to 10.
module FiniteDifferences =
    /// h.
    let step = 1e-5

    /// ∂f/∂value of each element. The elements are changed in place, one after the other, and restored.
    let ofFunction (f: unit -> float) (values: float[,]) : float[,] =
        values
        |> Array2D.mapi (fun i j value ->
            let at moved =
                values[i, j] <- moved
                f ()

            let difference = at (value + step) - at (value - step)
            values[i, j] <- value
            difference / (2.0 * step))

    /// The same for several functions at once.
    let ofTerms (f: unit -> Map<string, float>) (values: float[,]) : Map<string, float[,]> =
        let pairs =
            values
            |> Array2D.mapi (fun i j value ->
                let at moved =
                    values[i, j] <- moved
                    f ()

                let pair = at (value + step), at (value - step)
                values[i, j] <- value
                pair)

        f ()
        |> Map.map (fun term _ ->
            pairs |> Array2D.map (fun (above, below) -> (above[term] - below[term]) / (2.0 * step)))
