namespace SynthSae;

/// <summary>The form of the way from one L0 to another.</summary>
public enum L0PathShape
{
    /// <summary>A straight line.</summary>
    Linear,

    /// <summary>Half a cosine.</summary>
    Cosine,

    /// <summary>A constant factor per step.</summary>
    Geometric,
}
