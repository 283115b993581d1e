using SynthSae.Compute;

namespace SynthSae.Core;

/// <summary>An SAE that was read from a folder.</summary>
/// <param name="Folder">The folder with cfg.json, or its name on the hub.</param>
/// <param name="Sae">In its inference form.</param>
/// <param name="Architecture">As cfg.json names it.</param>
/// <param name="Training">The folder has the training form.</param>
/// <param name="Notes">What was read otherwise than it stands in the files.</param>
/// <param name="Pruning">What was found for it when it was saved; null if that was not looked for.
/// </param>
internal sealed record SavedSae(
    string Folder,
    Sae Sae,
    string Architecture,
    bool Training,
    IReadOnlyList<string> Notes,
    Pruning? Pruning);
