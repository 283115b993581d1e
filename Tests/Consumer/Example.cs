using SynthSae;

namespace SynthSae.Examples;

/// <summary>
/// All that the public API can do, at tiny size. It is compiled and run by the tests, and against
/// the packed package.
/// </summary>
public static class Example
{
    private static readonly ComputeOptions Computing = new() { Threads = 2, UseCache = false };

    /// <summary>Do it all in a folder, and tell what comes out.</summary>
    public static async Task RunAsync(string folder, TextWriter output)
    {
        var run = Specify(output);
        var model = Look(run, output);
        var trained = await TrainAsync(run, Path.Combine(folder, "run"), output);
        Use(trained.Only.Sae, model, Path.Combine(folder, "sae"), output);
        await StopAndGoOnAsync(run, Path.Combine(folder, "stopped"), output);
        Refuse(run, output);
    }

    private static RunSpecification Specify(TextWriter output)
    {
        var run = RunSpecification.FromPreset("tiny") with
        {
            Sae = new SaeSpecification(
                16, new Architecture.BatchTopK(3) { ThresholdLearningRate = 0.02 }),
            TrainingSamples = 20_480,
            LearningRate = 3e-3,
            EvaluationSamples = 2048,
            Seed = 1,
        };
        run = run.With("synthetic_model.hierarchy.branching_factor", 3);
        Check(run.Validate().Count == 0, "the run is valid");
        var again = RunSpecification.FromJson(run.ToJson());
        Check(again == run with { Name = "run" }, "JSON keeps it all");
        output.WriteLine($"{run.Name}: {run.Sae.Architecture.Name}, {run.Sae.Width} latents");
        return run;
    }

    private static SyntheticModel Look(RunSpecification run, TextWriter output)
    {
        var model = SyntheticModel.Compile(run.Model!, Computing);
        var samples = model.Sample(first: 0, count: 100);
        var activations = new float[100 * model.HiddenDim];
        var features = model.Fill(0, activations);
        Check(activations.AsSpan().SequenceEqual(samples.Activations), "samples come again");
        Check(features.Count == model.SampleFeatures(0, 100).Count, "and their features");
        var roots = model.Hierarchy.Count(node => node.Parent is null);
        output.WriteLine(
            $"{model.NumFeatures} features in R^{model.HiddenDim}, {roots} trees, "
                + $"L0 {features.L0:f2}");
        return model;
    }

    private static async Task<TrainingResult> TrainAsync(
        RunSpecification run, string folder, TextWriter output)
    {
        var options = new TrainingOptions { Compute = Computing, RunFolder = folder };
        TrainingResult? result = null;
        await foreach (var happened in SaeTraining.RunAsync(run, options))
        {
            switch (happened)
            {
                case TrainingEvent.PhaseStarted phase:
                    output.WriteLine($"{phase.Phase}: {phase.Description}");
                    break;
                case TrainingEvent.Progressed { Saes: [var sae] } now when now.Step == now.Steps:
                    output.WriteLine($"step {now.Step}: loss {sae.Loss:f3}, L0 {sae.L0:f2}");
                    break;
                case TrainingEvent.Finished finished:
                    result = finished.Result;
                    break;
            }
        }

        output.WriteLine($"F1 {result!.Only.AsSaved!.F1}, MCC {result.Only.AsSaved.Mcc}");
        return result;
    }

    private static void Use(
        SparseAutoencoder sae, SyntheticModel model, string folder, TextWriter output)
    {
        var x = model.Sample(0, 50, SampleStream.Evaluation).Activations;
        var latents = sae.Encode(x);
        Check(
            sae.Decode(latents).AsSpan().SequenceEqual(sae.Reconstruct(x)),
            "decoding undoes encoding");
        sae.Save(folder);
        var again = SparseAutoencoder.Load(folder, Computing);
        Check(again.Decoder.SequenceEqual(sae.Decoder), "folders keep the weights");
        var scores = again.Evaluate(model, samples: 2000, withFeatures: true);
        var recovered = scores.Features.Count(
            feature => feature.Recovery == FeatureRecovery.Recovered);
        output.WriteLine(
            $"R² {scores.ExplainedVariance}; "
                + $"{recovered} of {model.NumFeatures} features recovered");
        var pruned = again.FindPruning(x);
        Check(pruned.Encode(x).Count <= latents.Count, "pruning takes away");
    }

    private static async Task StopAndGoOnAsync(
        RunSpecification run, string folder, TextWriter output)
    {
        var options = new TrainingOptions { Compute = Computing, RunFolder = folder };
        using var stop = new CancellationTokenSource();
        try
        {
            await foreach (var happened in SaeTraining.RunAsync(run, options, stop.Token))
            {
                if (happened is TrainingEvent.Progressed)
                {
                    stop.Cancel();
                }
            }
        }
        catch (OperationCanceledException)
        {
            await foreach (var happened in SaeTraining.ResumeAsync(folder, options))
            {
                if (happened is TrainingEvent.Finished finished)
                {
                    output.WriteLine($"stopped, gone on, and done: {finished.Result.Steps} steps");
                }
            }
        }
    }

    private static void Refuse(RunSpecification run, TextWriter output)
    {
        try
        {
            var wrong = run.Model! with { NumFeatures = 0, HiddenDim = -1 };
            _ = SyntheticModel.Compile(wrong, Computing);
            Check(false, "a wrong model is refused");
        }
        catch (SpecificationException error)
        {
            output.WriteLine($"refused: {string.Join("; ", error.Errors)}");
        }
    }

    private static void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"it does not hold that {what}");
        }
    }
}
