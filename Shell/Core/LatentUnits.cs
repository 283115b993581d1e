using SynthSae.Compute;
using SynthSae.Compute.Ops;

namespace SynthSae.Core;

/// <summary>
/// The reference's latents are in units of x: f = pre · ‖W_dec,j‖ where the SAE compares them so;
/// codes hold pre.
/// </summary>
/// <param name="sae">Whose latents.</param>
internal sealed class LatentUnits(Sae sae)
{
    private readonly float[] _scale = Select.scale(sae);

    /// <summary>What latents are multiplied by to be in units of x; empty for nothing.</summary>
    public float[] Scale => _scale;

    /// <summary>A latent in units of x, from that of codes.</summary>
    public float ToX(int latent, float value) =>
        _scale.Length == 0 ? value : value * _scale[latent];

    /// <summary>A latent as in codes, from that in units of x.</summary>
    public float OfX(int latent, float value) =>
        _scale.Length == 0 ? value : value / Math.Max(_scale[latent], 1e-8f);
}
