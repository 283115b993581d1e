using System.CommandLine;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Latents to activations, through files.</summary>
internal sealed class DecodeCommand(Host host) : TransformCommand(
    host,
    "decode",
    "Decode latents f (n, L) with a saved SAE into activations x (n, D).",
    "f (n, L)",
    "x (n, D)")
{
    public override IReadOnlyList<(string Line, string Effect)> Examples =>
        [("synthsae decode runs/ID --input f.safetensors --output y.safetensors", "reconstruct")];

    protected override (long Rows, string? Note) Transform(
        ParseResult parsed, SavedSae sae, string input, string output, AppSettings settings) =>
        (FileTransforms.Decode(sae, input, output, settings), null);
}
