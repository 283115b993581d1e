namespace SynthSae.Compute.Cuda

open System.Globalization

/// Which GPU is to be used.
[<RequireQualifiedAccess>]
type DeviceChoice =
    /// By its number, as the driver counts (CUDA_VISIBLE_DEVICES included).
    | Index of int
    /// The one with the most free memory.
    | Freest

    override choice.ToString() =
        match choice with
        | Index index -> $"cuda:{index}"
        | Freest -> "cuda:freest"

module DeviceChoice =
    /// `cuda` (the first), `cuda:1`, `cuda:freest`; the error says what is allowed.
    let parse (text: string) : Result<DeviceChoice, string> =
        let number (digits: string) =
            System.Int32.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture)

        match text.ToLowerInvariant() with
        | "cuda" -> Ok(DeviceChoice.Index 0)
        | "cuda:freest" -> Ok DeviceChoice.Freest
        | lower when lower.StartsWith "cuda:" && fst (number (lower.Substring 5)) ->
            Ok(DeviceChoice.Index(snd (number (lower.Substring 5))))
        | _ -> Error $"must be cuda, cuda:NUMBER or cuda:freest (got {text})"
