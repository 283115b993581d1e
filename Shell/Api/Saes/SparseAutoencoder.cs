using System.Text.Json.Nodes;
using SynthSae.Api;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;
using SaeFiles = SynthSae.Compute.Files.SaeFolderModule;

namespace SynthSae;

/// <summary>
/// A trained SAE in its inference form: it looks at each sample alone. x̂ = f W_dec + b_dec with
/// latents f in units of x, as the reference counts them. Never changes; its members may be used
/// from several threads, which take turns where they compute.
/// </summary>
public sealed partial class SparseAutoencoder
{
    private readonly Sae _sae;
    private readonly Pruning? _saved;
    private readonly AppSettings _settings;
    private readonly LatentUnits _units;
    private readonly Lazy<SaeRunner> _runner;
    private readonly Lock _computing = new();

    private SparseAutoencoder(
        Sae sae,
        string architecture,
        Pruning? saved,
        float? threshold,
        IReadOnlyList<string> notes,
        AppSettings settings)
    {
        (_sae, _saved, _settings) = (sae, saved, settings);
        (Architecture, PruningThreshold, Notes) = (architecture, threshold, notes);
        _units = new LatentUnits(sae);
        _runner = new(() => new SaeRunner(settings.Backend(), Inference()));
    }

    /// <summary>
    /// The SAE of a folder in the reference's format (<c>cfg.json</c>,
    /// <c>sae_weights.safetensors</c>; here or on the hub: owner/name:path), or of the folder of a
    /// run that trained one SAE. A training form becomes the inference form.
    /// </summary>
    /// <param name="source">A path, or an id on the hub.</param>
    /// <param name="options">How to compute with it.</param>
    /// <exception cref="SynthSaeException">There is no SAE, or its files are damaged.</exception>
    public static SparseAutoencoder Load(string source, ComputeOptions? options = null) =>
        Boundary.Run(() => Open(source, ProgramSettings.Of(options ?? ComputeOptions.Default)));

    internal static SparseAutoencoder Open(string source, AppSettings settings)
    {
        var saved = SavedSaes.Open(source);
        return new(saved.Sae, saved.Architecture, saved.Pruning, null, saved.Notes, settings);
    }

    /// <summary>D, the dimension of activations.</summary>
    public int HiddenDim => _sae.Dim;

    /// <summary>L, the number of latents.</summary>
    public int Width => _sae.Latents;

    /// <summary>As the folder that it was read from names it, e.g. <c>jumprelu</c>.</summary>
    public string Architecture { get; }

    /// <summary>What was read otherwise than it stands in the files.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>
    /// Active latents whose leave-one-out score, an amplitude in units of x, is at most this are
    /// dropped; null for no pruning.
    /// </summary>
    public float? PruningThreshold { get; }

    /// <summary>
    /// The pruning threshold that was found for it when it was trained; null if none was looked
    /// for, or there is none.
    /// </summary>
    public float? SavedPruningThreshold => _saved?.Threshold;

    /// <summary>The latents' directions W_dec (L, D), row after row.</summary>
    public ReadOnlySpan<float> Decoder => _sae.Decoder.Span;

    /// <summary>b_dec (D).</summary>
    public ReadOnlySpan<float> DecoderBias => _sae.DecoderBias;

    /// <summary>
    /// The latents' encoder directions (L, D), row after row: the transpose of the reference's
    /// W_enc; empty for matching pursuit, whose encoder is the decoder.
    /// </summary>
    public ReadOnlySpan<float> Encoder => _sae.Encoder.Span;

    /// <summary>b_enc (L); of a gated SAE the gate's; empty for matching pursuit.</summary>
    public ReadOnlySpan<float> EncoderBias => _sae.EncoderBias;

    internal Sae Sae => _sae;

    internal AppSettings Settings => _settings;

    /// <summary>The direction of one latent in the decoder (D), not normalised.</summary>
    /// <param name="latent">In [0, L).</param>
    public ReadOnlySpan<float> Direction(int latent)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(latent);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(latent, Width);
        return _sae.Decoder.Row(latent);
    }

    /// <summary>The same SAE with another pruning threshold.</summary>
    /// <param name="threshold">An amplitude in units of x; null for no pruning.</param>
    public SparseAutoencoder WithPruning(float? threshold) =>
        threshold is { } value && !float.IsFinite(value)
            ? throw new ArgumentOutOfRangeException(nameof(threshold), value, "must be finite")
            : new(_sae, Architecture, _saved, threshold, Notes, _settings);

    /// <summary>The same SAE, computed with in another way.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="SynthSaeException">An option breaks its rule.</exception>
    public SparseAutoencoder On(ComputeOptions options) =>
        Boundary.Run(() => new SparseAutoencoder(
            _sae, Architecture, _saved, PruningThreshold, Notes, ProgramSettings.Of(options)));

    /// <summary>
    /// Write it as a folder that the reference (SAELens) loads. The pruning threshold goes into the
    /// metadata, where <see cref="Load"/> finds it.
    /// </summary>
    /// <param name="folder">Made if it is not there; its files are replaced.</param>
    /// <exception cref="SynthSaeException">The folder cannot be written.</exception>
    public void Save(string folder) =>
        Boundary.Run(() =>
        {
            var metadata = new JsonObject { ["synthsae_version"] = Build.Version };
            if ((PruningThreshold ?? SavedPruningThreshold) is { } threshold)
            {
                metadata[Pruning.Key] = threshold;
            }

            Files.CreateFolder(folder);
            SaeFiles.write(folder, metadata, _sae);
        });

    private Inference Inference() =>
        Pruning.Apply(
            PruningThreshold is { } at ? new Pruning(at, PruningOrigin.Given) : null, _sae);
}
