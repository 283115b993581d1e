namespace SynthSae.Dashboard.Forms;

/// <summary>A line of the form.</summary>
/// <param name="Path">Of the specification, or a name of the form's own.</param>
/// <param name="Label">As people read it.</param>
/// <param name="Hint">What it means; empty for fields whose path says it.</param>
/// <param name="Choices">What it may be; empty for any text.</param>
internal sealed record DraftField(
    string Path, string Label, string Hint, IReadOnlyList<string> Choices)
{
    /// <summary>The preset that the run begins from.</summary>
    public const string Preset = "preset";

    /// <summary>Where it is computed.</summary>
    public const string Device = "device";

    /// <summary>The architecture, which decides what other fields there are.</summary>
    public const string Architecture = "sae.architecture";

    /// <summary>Architectures that are offered.</summary>
    public static IReadOnlyList<string> Architectures { get; } =
    [
        "standard", "topk", "abstopk", "batchtopk", "matryoshka_batchtopk", "jumprelu", "gated",
        "matching_pursuit",
    ];

    /// <summary>The fields that most runs change, in their order.</summary>
    public static IReadOnlyList<DraftField> Common { get; } =
    [
        new(Preset, "preset", "what the run begins from", [.. Core.PresetList.Names]),
        new(Device, "device", "where it is computed", ["cpu", "cuda", "any"]),
        new(Architecture, "architecture", "", Architectures),
        Of("sae.d_sae", "latents", "L"),
        Of("sae.k", "K", "active latents per sample"),
        Of("sae.l1_coefficient", "l1 coefficient", "weight of the penalty"),
        Of("sae.l0_coefficient", "l0 coefficient", "weight of the penalty"),
        Of("sae.residual_threshold", "residual threshold", ""),
        Of("sae.matryoshka_widths", "widths", "of the levels, e.g. [32,64]"),
        Of("training_samples", "samples", "e.g. 2M"),
        Of("batch_size", "batch size", "B"),
        Of("lr", "learning rate", ""),
        Of("seed", "seed", "of weights and samples"),
        Of("eval_samples", "scored samples", "of the final evaluation"),
        Of("eval_frequency", "score every", "steps; 0: only at the end"),
        new("precision", "precision", "", ["fp32", "tf32", "bf16"]),
    ];

    /// <summary>A field for text.</summary>
    public static DraftField Of(string path, string label, string hint) =>
        new(path, label, hint, []);

    /// <summary>It belongs to the form, not to the specification.</summary>
    public bool IsOwn => Path is Preset or Device;

    /// <summary>Every run has it, whatever its architecture.</summary>
    public bool IsAlways => !Path.StartsWith("sae.", StringComparison.Ordinal);
}
