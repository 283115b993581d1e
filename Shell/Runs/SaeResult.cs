using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;

namespace SynthSae.Runs;

/// <summary>What came out of one SAE of a run.</summary>
/// <param name="Plan">Which SAE.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Scores">Its scores; null without a final evaluation.</param>
/// <param name="Pruning">How it is pruned; null if that was not asked for.</param>
internal sealed record SaeResult(
    SaePlan Plan, SaeState State, RunScores? Scores, Pruning? Pruning)
{
    /// <summary>What result.json says of it, apart from times.</summary>
    public IEnumerable<KeyValuePair<string, JsonNode?>> Fields() =>
        new JsonObject
        {
            ["architecture"] = Plan.Architecture,
            ["d_sae"] = Plan.Latents,
            ["k"] = Json.Number(Plan.K),
            ["seed"] = Plan.Seed,
            ["training"] = TrainingJson(),
            ["evaluation"] = new JsonObject
            {
                ["training_form"] = Scores?.Trained.ToJson(),
                ["saved_form"] = Scores?.Saved.ToJson(),
                ["pruned_form"] = Scores?.Pruned?.ToJson(),
                ["pruning"] = Pruning?.ToJson(),
            },
        };

    /// <summary>Seconds of the parts of its steps.</summary>
    public JsonObject StepSeconds()
    {
        var step = new JsonObject();
        foreach (var (part, seconds) in State.StepParts)
        {
            step[part] = Json.Number(Math.Round(seconds, 3));
        }

        return step;
    }

    private JsonObject TrainingJson()
    {
        var last = State.Last;
        return new()
        {
            ["samples"] = last.Samples,
            ["steps"] = last.Step,
            ["loss"] = Json.Number(last.Loss),
            ["mse"] = Json.Number(last.Mse),
            ["l0"] = Json.Number(last.L0),
            ["explained_variance"] = Json.Number(last.R2),
            ["dead_latents"] = last.Dead,
        };
    }
}
