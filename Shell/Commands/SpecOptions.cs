using System.CommandLine;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Progress;

namespace SynthSae.Commands;

/// <summary>The options that change the specification of a run.</summary>
internal sealed class SpecOptions
{
    private readonly Option<string[]> _set =
        CliOptions.Set("Change a field of the specification, e.g. sae.k=30; repeatable.");

    private readonly Option<string[]> _sweep = new("--sweep")
    {
        Description = "Train an SAE for each of these values of a field, all on the same batches, "
            + "e.g. sae.k=15,20,25; repeated, for every combination.",
        HelpName = "path=values",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<long?> _samples =
        CliOptions.Count("--samples", "Samples to train on, e.g. 2M.");

    private readonly Option<long?> _seed =
        CliOptions.Count("--seed", "Seed of the SAE and of the samples that it sees.", min: 0);

    private readonly Option<long?> _evalSamples =
        CliOptions.Count("--eval-samples", "Samples of the final evaluation.");

    /// <summary>Give the command the options.</summary>
    public SpecOptions(Command command)
    {
        command.Add(_set);
        command.Add(_sweep);
        command.Add(_samples);
        command.Add(_seed);
        command.Add(_evalSamples);
    }

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> Names =>
        [_set.Name, _sweep.Name, _samples.Name, _seed.Name, _evalSamples.Name];

    /// <summary>
    /// The run that a name on the command line stands for, changed by the options.
    /// </summary>
    public RunPlan Load(ParseResult parsed, string name, Host host)
    {
        using var display = new PullDisplay(host);
        var sweep = Assignments.Split(_sweep.Name, parsed.GetValue(_sweep));
        return RunSpecs.Load(name, Changes(parsed), sweep, display);
    }

    private List<(string, string)> Changes(ParseResult parsed)
    {
        var changes = Assignments.Split(_set.Name, parsed.GetValue(_set));
        void AddCount(Option<long?> option, string path)
        {
            if (parsed.GetValue(option) is { } count)
            {
                changes.Add((path, $"{count}"));
            }
        }

        AddCount(_samples, SpecPaths.TrainingSamples);
        AddCount(_seed, SpecPaths.Seed);
        AddCount(_evalSamples, SpecPaths.EvaluationSamples);
        return changes;
    }
}
