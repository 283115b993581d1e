namespace SynthSae.Core;

/// <summary>An SAE folder that was made of another.</summary>
/// <param name="From">What was read.</param>
/// <param name="To">What was written.</param>
/// <param name="Changes">What differs, beside the layout of the files.</param>
internal sealed record ConvertedSae(
    ConvertedSae.Side From, ConvertedSae.Side To, IReadOnlyList<string> Changes)
{
    /// <summary>One of the two folders.</summary>
    /// <param name="Folder">Where it is.</param>
    /// <param name="Architecture">As its cfg.json names it.</param>
    /// <param name="Training">It has the training form.</param>
    public sealed record Side(string Folder, string Architecture, bool Training)
    {
        /// <summary>"inference" or "training".</summary>
        public string Form => Training ? "training" : "inference";
    }
}
