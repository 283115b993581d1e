namespace SynthSae.Compute.Training

open System.Diagnostics

/// Seconds that the parts of a step have taken, summed over steps.
type StepTimes =
    {
        /// Centring and the dense products.
        mutable Encode: float
        /// Selection of the codes.
        mutable Select: float
        /// Sparse decode and residual.
        mutable Reconstruct: float
        /// Gradients, of all losses.
        mutable Backward: float
        /// Norm, clip and Adam.
        mutable Update: float
    }

    static member Zero =
        { Encode = 0.0
          Select = 0.0
          Reconstruct = 0.0
          Backward = 0.0
          Update = 0.0 }

module internal StepTimes =
    /// The result of some work; `add` hears its seconds.
    let measure (add: float -> unit) work =
        let start = Stopwatch.GetTimestamp()
        let result = work ()
        add (Stopwatch.GetElapsedTime(start).TotalSeconds)
        result

    let encode times work =
        measure (fun seconds -> times.Encode <- times.Encode + seconds) work

    let select times work =
        measure (fun seconds -> times.Select <- times.Select + seconds) work

    let reconstruct times work =
        measure (fun seconds -> times.Reconstruct <- times.Reconstruct + seconds) work

    let backward times work =
        measure (fun seconds -> times.Backward <- times.Backward + seconds) work

    let update times work =
        measure (fun seconds -> times.Update <- times.Update + seconds) work
