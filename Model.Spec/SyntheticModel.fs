namespace SynthSae.Spec

/// Adam on the dictionary to push features apart (reference: `OrthogonalizationConfig`).
type Orthogonalization =
    {
        /// Number of Adam steps, at least 1.
        NumSteps: int
        /// Adam's learning rate, > 0.
        Lr: float
        /// The reference's memory knob; it does not change the result and is kept for its files.
        ChunkSize: int
    }

/// Where the N feature directions in R^D come from.
[<RequireQualifiedAccess>]
type Dictionary =
    /// Independent random unit vectors.
    | RandomUnit
    /// Mutually orthogonal unit vectors; needs N ≤ D.
    | MutuallyOrthogonal
    /// Given rows (N, D); they are normalised to unit length.
    | Given of float32 array array

/// A synthetic model: everything that defines the distribution of activations.
/// Field names in JSON are the reference's (`SyntheticModelConfig`); `dictionary` is an addition.
type SyntheticModelSpec =
    {
        /// N, the number of features.
        NumFeatures: int
        /// D, the dimension of an activation.
        HiddenDim: int
        FiringProbability: FiringProbability
        Hierarchy: Hierarchy option
        Orthogonalization: Orthogonalization option
        Correlation: Correlation
        /// Standard deviation of a feature's magnitude.
        StdFiringMagnitudes: Magnitude
        /// Mean of a feature's magnitude.
        MeanFiringMagnitudes: Magnitude
        /// Norm of the random bias direction; 0 for none.
        Bias: float
        Dictionary: Dictionary
        /// Seed of every random choice in the model; `None` is written as null and means 0.
        Seed: int64 option
    }

/// The reference's defaults for a model of N features in R^D.
module SyntheticModelSpec =
    /// Zipfian(1, 0.3, 0.01), no hierarchy, no correlation, magnitude 1 ± 0, bias of norm 1.
    let create numFeatures hiddenDim : SyntheticModelSpec =
        { NumFeatures = numFeatures
          HiddenDim = hiddenDim
          FiringProbability = FiringProbability.Zipfian(1.0, 0.3, 0.01)
          Hierarchy = None
          Orthogonalization = None
          Correlation = Correlation.Independent
          StdFiringMagnitudes = Magnitude.Constant 0.0
          MeanFiringMagnitudes = Magnitude.Constant 1.0
          Bias = 1.0
          Dictionary = Dictionary.RandomUnit
          Seed = None }
