using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using SynthSae.Runs;
using Xunit;

namespace SynthSae.Tests.Supervision;

/// <summary>What came out of a run that nothing happened to.</summary>
internal sealed record SameRun(byte[] Weights, string Scores)
{
    /// <summary>Of <c>synthsae run tiny</c> with these options, in this process.</summary>
    public static SameRun InForeground(string folder, params string[] options)
    {
        var run = Path.Combine(folder, "alone");
        string[] args = ["run", "tiny", "--cache", "none", "--out", run, "--quiet", .. options];
        Assert.Equal(0, Cli.run(ListModule.OfSeq(args)).Code);
        return Of(run);
    }

    /// <summary>Weights and scores of a run are these, to the bit.</summary>
    public void Is(RunFolder run)
    {
        var other = Of(run.Path);
        Assert.Equal(Weights, other.Weights);
        Assert.Equal(Scores, other.Scores);
    }

    private static SameRun Of(string run) =>
        new(
            File.ReadAllBytes(Path.Combine(run, "sae", "sae_weights.safetensors")),
            JsonNode.Parse(File.ReadAllText(Path.Combine(run, "result.json")))!["evaluation"]!
                .ToJsonString());
}
