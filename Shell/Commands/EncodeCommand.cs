using System.CommandLine;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Commands;

/// <summary>Activations to latents, through files.</summary>
internal sealed class EncodeCommand : TransformCommand
{
    private readonly Option<PruningSpec?> _prune =
        CliOptions.Prune("as its folder says, or found on the input");

    public EncodeCommand(Host host)
        : base(
            host,
            "encode",
            "Encode activations x (n, D) with a saved SAE into latents f (n, L).",
            "x (n, D)",
            "f (n, L)") => Add(_prune);

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sample small --samples 1000 --out x.safetensors", "make a file with x"),
        ("synthsae encode runs/ID --input x.safetensors --output f.safetensors", "encode it"),
    ];

    protected override (long Rows, string? Note) Transform(
        ParseResult parsed, SavedSae sae, string input, string output, AppSettings settings)
    {
        var wish = parsed.GetValue(_prune) ?? PruningSpec.Off;
        var (rows, pruning) = FileTransforms.Encode(sae, wish, input, output, settings);
        return (rows, pruning?.Words);
    }
}
