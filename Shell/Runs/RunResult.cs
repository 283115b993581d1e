using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;

namespace SynthSae.Runs;

/// <summary>What came out of a run.</summary>
/// <param name="Plan">What was run.</param>
/// <param name="Folder">Where everything lies.</param>
/// <param name="Last">The last training step.</param>
/// <param name="Scores">Scores of the SAE; null without a final evaluation.</param>
/// <param name="Pruning">How it is pruned; null if that was not asked for.</param>
/// <param name="Clock">Times.</param>
/// <param name="StepParts">Seconds of the parts of the training steps, by name.</param>
/// <param name="Sittings">Processes that had a share in it.</param>
/// <param name="Interrupted">Ended by a signal before all samples were seen.</param>
public sealed record RunResult(
    RunPlan Plan,
    RunFolder Folder,
    StepProgress Last,
    RunScores? Scores,
    Pruning? Pruning,
    PhaseClock Clock,
    IReadOnlyDictionary<string, double> StepParts,
    int Sittings,
    bool Interrupted)
{
    /// <summary>Training samples per second, data generation included.</summary>
    public double SamplesPerSecond => Last.Samples / TrainingTime.TotalSeconds;

    /// <summary>Drawing batches and taking steps.</summary>
    public TimeSpan TrainingTime => Clock[TimedParts.Sample] + Clock[TimedParts.Step];

    /// <summary>The content of result.json.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["schema"] = 1,
            ["status"] = Interrupted ? "interrupted" : "finished",
            ["run"] = Folder.Id,
            ["folder"] = Folder.Path,
            ["name"] = Plan.Name,
            ["architecture"] = Plan.Architecture,
            ["d_sae"] = Plan.Latents,
            ["k"] = Json.Number(Plan.K),
            ["seed"] = Plan.Spec.Value.Training.Seed,
            ["training"] = TrainingJson(),
            ["evaluation"] = new JsonObject
            {
                ["training_form"] = Scores?.Trained.ToJson(),
                ["saved_form"] = Scores?.Saved.ToJson(),
                ["pruned_form"] = Scores?.Pruned?.ToJson(),
                ["pruning"] = Pruning?.ToJson(),
            },
            ["timing"] = TimingJson(),
        };

    private JsonObject TrainingJson() =>
        new()
        {
            ["samples"] = Last.Samples,
            ["steps"] = Last.Step,
            ["loss"] = Json.Number(Last.Loss),
            ["mse"] = Json.Number(Last.Mse),
            ["l0"] = Json.Number(Last.L0),
            ["explained_variance"] = Json.Number(Last.R2),
            ["dead_latents"] = Last.Dead,
        };

    private JsonObject TimingJson()
    {
        var seconds = new JsonObject();
        foreach (var (part, span) in Clock.Parts)
        {
            seconds[part] = Json.Seconds(span);
        }

        seconds["total"] = Json.Seconds(Clock.Total);
        var step = new JsonObject();
        foreach (var (part, span) in StepParts)
        {
            step[part] = Json.Number(Math.Round(span, 3));
        }

        return new JsonObject
        {
            ["samples_per_second"] = Json.Number(Math.Round(SamplesPerSecond, 1)),
            ["seconds"] = seconds,
            ["step_seconds"] = step,
            ["sittings"] = Sittings,
        };
    }
}
