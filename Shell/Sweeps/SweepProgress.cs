namespace SynthSae.Sweeps;

/// <summary>How far an executor has brought a sweep when it returns.</summary>
internal enum SweepProgress
{
    /// <summary>Every run was executed to its end, or failed.</summary>
    Done,

    /// <summary>The runs go on, or wait, elsewhere.</summary>
    HandedOver,

    /// <summary>It was stopped; what is left can go on later.</summary>
    Stopped,
}
