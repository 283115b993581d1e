using System.Text.Json.Nodes;
using SynthSae.Dashboard;
using SynthSae.Store;

namespace SynthSae.Tests.Dashboard;

/// <summary>Histories and specifications of <see cref="SomeRuns"/>.</summary>
internal static class SomeCurves
{
    /// <summary>The history of a run of so many steps, logged every ten, scored every 500.</summary>
    public static RunCurves Of(int steps, int saes = 1, double worse = 0)
    {
        var curves = Enumerable.Range(0, saes).SelectMany(sae => OfSae(sae, steps, worse + (2 * sae)));
        return new RunCurves
        {
            Curves = [.. curves],
            Steps = 2000,
            Saes = saes,
            Markers =
            [
                Marker("evaluation", 500, "step 500: F1 0.5"),
                Marker("checkpoint", 600, "checkpoint after step 600"),
                Marker("note", 610, "the coefficient has been moved to 1e6 and goes no further: an L0 of 25 is out of reach"),
            ],
            Lines =
            [
                Line("started", "started: 2,000 steps", 0),
                Line("phase", "world: a model of 16,384 features", 0),
                Line("note", "note: memory: about 300 MiB of 4 GiB free (data 100 MiB, the SAE 150 MiB, scoring 50 MiB)", 1),
                Line("phase", "training: 2,000 steps", 2),
                Line("evaluation", "step 500: F1 0.5000  MCC 0.4500", 60),
                Line("checkpoint", "checkpoint after step 600", 70),
            ],
        };
    }

    /// <summary>A specification that differs between runs in k alone.</summary>
    public static JsonObject Spec(double k) =>
        new()
        {
            ["synthetic_model"] = "synth-sae-bench-16k",
            ["sae"] = new JsonObject { ["architecture"] = "batchtopk", ["d_sae"] = 4096, ["k"] = k },
            ["training_samples"] = 2_048_000,
            ["seed"] = 0,
        };

    /// <summary>What came out of a run.</summary>
    public static JsonObject Result() =>
        JsonNode.Parse(Made().ToJsonString())!.AsObject();

    private static JsonObject Made() =>
        new()
        {
            ["status"] = "finished",
            ["evaluation"] = new JsonObject
            {
                ["training_form"] = Scores(0.8017, 0.7634),
                ["saved_form"] = Scores(0.7999, 0.7634),
                ["pruned_form"] = null,
            },
        };

    private static JsonObject Scores(double f1, double mcc) =>
        new()
        {
            ["samples"] = 100_000,
            ["f1_score"] = new JsonObject { ["value"] = f1, ["standard_error"] = 0.0012 },
            ["mcc"] = new JsonObject { ["value"] = mcc, ["standard_error"] = 0 },
            ["explained_variance"] = new JsonObject { ["value"] = 0.91, ["standard_error"] = 0.0003 },
        };

    private static IEnumerable<Curve> OfSae(int sae, int steps, double worse)
    {
        var x = Enumerable.Range(0, (steps / 10) + 1).Select(at => Math.Max(1.0, at * 10)).ToArray();
        yield return Curve("loss", sae, x, step => 30 + worse + (400 * Math.Exp(-step / 150)) + Math.Sin(step / 7));
        yield return Curve("l0", sae, x, step => 25 + (60 * Math.Exp(-step / 100)));
        yield return Curve("explained_variance", sae, x, step => (0.91 - (worse / 100)) * (1 - Math.Exp(-step / 120)));
        yield return Curve("dead_latents", sae, x, step => step < 300 ? 0 : (step - 300) / 16);
        yield return Curve("lr", sae, x, step => 3e-4);
        yield return Curve("eval.f1_score", sae, [500], _ => 0.5);
    }

    private static Curve Curve(string name, int sae, double[] x, Func<double, double> value) =>
        new(name, sae, x, x.Select(step => step * 1024).ToArray(), x.Select(value).ToArray());

    private static RunMarker Marker(string name, long step, string text) =>
        new(name, step, step * 1024, FakeRuns.Now, 0, text);

    private static RunLine Line(string name, string text, int seconds) =>
        new(FakeRuns.Now.AddMinutes(-12).AddSeconds(seconds), name, text);
}
