using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Commands;

/// <summary>Activations to latents, through files.</summary>
internal sealed class EncodeCommand(Host host) : TransformCommand(
    host,
    "encode",
    "Encode activations x (n, D) with a saved SAE into latents f (n, L).",
    "x (n, D)",
    "f (n, L)")
{
    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae sample small --samples 1000 --out x.safetensors", "make a file with x"),
        ("synthsae encode runs/ID --input x.safetensors --output f.safetensors", "encode it"),
    ];

    protected override long Transform(
        SavedSae sae, string input, string output, AppSettings settings) =>
        FileTransforms.Encode(sae, input, output, settings);
}
