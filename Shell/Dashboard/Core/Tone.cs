namespace SynthSae.Dashboard;

/// <summary>How a message is meant.</summary>
internal enum Tone
{
    Plain,
    Good,

    /// <summary>A key that cannot be used now, and why.</summary>
    Warn,

    /// <summary>An error.</summary>
    Bad,
}
