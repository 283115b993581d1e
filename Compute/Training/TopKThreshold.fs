namespace SynthSae.Compute.Training

/// BatchTopK's running threshold, which stands for the batch selection at inference (reference:
/// `topk_threshold`, REFERENCE §9.4).
module TopKThreshold =
    /// t ← (1 − rate)·t + rate·smallest, where `smallest` is the least positive value that the batch kept, scaled
    /// as it was compared; 0 (nothing kept) leaves t as it is.
    let next (rate: float) (smallest: float) (threshold: float) =
        if smallest > 0.0 then (1.0 - rate) * threshold + rate * smallest else threshold
