using System.Text.Json.Nodes;
using SynthSae.Runs;
using Xunit;

namespace SynthSae.Tests.Supervision;

/// <summary>Holds a run against one that nothing happened to.</summary>
internal static class Same
{
    /// <summary>
    /// Weights and scores are, to the bit, those of <c>synthsae run tiny</c> with these options.
    /// </summary>
    public static void AsInForeground(Background user, RunFolder run, params string[] options)
    {
        var alone = Path.Combine(user.Path, "alone");
        user.Do(["run", "tiny", "--cache", "none", "--out", alone, "--quiet", .. options]);
        Assert.Equal(Weights(alone), Weights(run.Path));
        Assert.Equal(Scores(alone), Scores(run.Path));
    }

    private static byte[] Weights(string run) =>
        File.ReadAllBytes(Path.Combine(run, "sae", "sae_weights.safetensors"));

    private static string Scores(string run) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(run, "result.json")))!["evaluation"]!
            .ToJsonString();
}
