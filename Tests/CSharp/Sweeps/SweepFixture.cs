using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using SynthSae.Sweeps;
using Xunit;

namespace SynthSae.Tests.Sweeps;

/// <summary>A folder of its own to sweep in, by the command line.</summary>
internal sealed class SweepFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Two widths and two sparsities of a tiny world, with two seeds.</summary>
    public const string Tiny = """
        {
          "name": "tiny test",
          "base": "tiny",
          "set": {"training_samples": 10240, "eval_samples": 2048},
          "axes": [{"sae.d_sae": [8, 16]}, {"sae.k": [2, 3]}],
          "seeds": 2
        }
        """;

    public string Runs => _folder.File("runs");

    /// <summary>The working folder.</summary>
    public string Path => _folder.Path;

    /// <summary>Write a file, and give its path.</summary>
    public string Write(string name, string text)
    {
        var path = _folder.File(name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Run the command line in this process.</summary>
    public Outcome Sweep(params string[] args) =>
        Cli.run(ListModule.OfSeq(["sweep", .. args, "--runs", Runs]));

    /// <summary>The same of a sweep that has to end well.</summary>
    public SweepFolder Done(params string[] args)
    {
        var before = SweepFolder.All(Runs).Select(sweep => sweep.Id).ToList();
        var outcome = Sweep([.. args, "--cache", "none", "--quiet"]);
        Assert.True(outcome.Code == 0, outcome.Error);
        return SweepFolder.All(Runs).Single(sweep => !before.Contains(sweep.Id));
    }

    /// <summary>Start the command line in a process of its own, in the working folder.</summary>
    public Process Start((string Name, string Value)[] variables, string[] args) =>
        Cli.start(
            Path,
            ListModule.OfSeq(variables.Select(variable => variable.ToTuple())),
            ListModule.OfSeq(["sweep", .. args]));

    /// <summary>An object in a file.</summary>
    public static JsonObject Read(string file) => Cli.json(File.ReadAllText(file));

    /// <summary>What the result of a trial says of its SAE.</summary>
    public static JsonNode Result(SweepFolder sweep, SweepEntry entry)
    {
        var result = Read(System.IO.Path.Combine(sweep.RunPath(entry.Run), "result.json"));
        return result["saes"] is { } saes ? saes[entry.Sae]! : result;
    }

    /// <summary>The weights of a trial's SAE, as text.</summary>
    public static string Weights(SweepFolder sweep, SweepEntry entry)
    {
        var run = sweep.RunPath(entry.Run);
        var result = Read(System.IO.Path.Combine(run, "result.json"));
        var folder = result["saes"] is { } saes ? (string)saes[entry.Sae]!["folder"]! : "sae";
        return Convert.ToHexString(
            File.ReadAllBytes(System.IO.Path.Combine(run, folder, "sae_weights.safetensors")));
    }

    public void Dispose() => ((IDisposable)_folder).Dispose();
}
