using SynthSae.Core;
using SynthSae.Runs;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Data;

/// <summary>Finds the data that a run's specification names.</summary>
/// <param name="Phase">Getting it ready.</param>
/// <param name="Event">What the log and the clock call that.</param>
/// <param name="Words">The same for people.</param>
/// <param name="Load">Get it ready.</param>
internal sealed record RunData(RunPhase Phase, string Event, string Words, Func<IRunData> Load)
{
    /// <summary>The data of a run.</summary>
    public static RunData Of(RunPlan plan, AppSettings settings)
    {
        var spec = plan.Spec.Value;
        return spec.Data switch
        {
            DataSource.Synthetic model => new RunData(
                RunPhase.World,
                "world",
                "making the synthetic model",
                () => Checked(plan, "hidden_dim", new WorldData(
                    Worlds.Load(model.Item, plan.Name, settings), spec.Training.Seed, settings))),
            DataSource.Activations files => new RunData(
                RunPhase.Activations,
                "activations",
                "opening the files of activations",
                () => Checked(plan, "the activations' dimension", ActivationData.Open(
                    files.Item, spec.Training.Seed, settings))),
            var other => throw new ArgumentException($"unknown data: {other}", nameof(plan)),
        };
    }

    /// <summary>Activations of which all may be scored on.</summary>
    public static RunData ToScore(
        IReadOnlyList<string> files, string? tensor, AppSettings settings) =>
        new(
            RunPhase.Activations,
            "activations",
            "opening the files of activations",
            () => ActivationData.ToScore(files, tensor, settings));

    /// <summary>A synthetic model by its name, or the data of a run folder.</summary>
    public static RunData ToScore(string name, AppSettings settings) =>
        RunFolder.Is(name)
            && RunSpecs.Load(name, []) is var plan
            && plan.Spec.Value.Data.IsActivations
            ? Of(plan, settings)
            : new(
                RunPhase.World,
                "world",
                "making the synthetic model",
                () => new WorldData(Worlds.Load(name, settings), 0, settings));

    private static IRunData Checked(RunPlan plan, string dimension, IRunData data)
    {
        if (plan.Dimension is { } wanted && wanted != data.Dim)
        {
            data.Dispose();
            throw Failure.BadInput("sae.d_in", $"must be {dimension} {data.Dim} (got {wanted})");
        }

        return data;
    }
}
