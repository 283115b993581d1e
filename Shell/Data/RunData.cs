using SynthSae.Core;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Data;

/// <summary>Finds the data that a run's specification names.</summary>
/// <param name="Event">What the log and the clock call getting it ready.</param>
/// <param name="Words">The same for people.</param>
/// <param name="Load">Get it ready.</param>
internal sealed record RunData(string Event, string Words, Func<IRunData> Load)
{
    /// <summary>The data of a run.</summary>
    public static RunData Of(RunPlan plan, AppSettings settings)
    {
        var spec = plan.Spec.Value;
        return spec.Data switch
        {
            DataSource.Synthetic model => new RunData(
                "world",
                "making the synthetic model",
                () => Checked(plan, "hidden_dim", new WorldData(
                    Worlds.Load(model.Item, plan.Name, settings), spec.Training.Seed, settings))),
            _ => throw Failure.BadInput("activations", "cannot be trained on yet"),
        };
    }

    private static IRunData Checked(RunPlan plan, string dimension, IRunData data) =>
        plan.Dimension is { } wanted && wanted != data.Dim
            ? throw Failure.BadInput(
                "sae.d_in", $"must be {dimension} {data.Dim} (got {wanted})")
            : data;
}
