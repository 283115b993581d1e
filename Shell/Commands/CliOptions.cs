using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using SynthSae.Formatting;
using SynthSae.Spec;

namespace SynthSae.Commands;

/// <summary>Kinds of options that several commands have.</summary>
internal static class CliOptions
{
    /// <summary>A number of samples, or another count of at least <paramref name="min"/>.</summary>
    public static Option<long?> Count(string name, string description, long min = 1) =>
        new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = result => ParseCount(result, name, min),
        };

    /// <summary>Results as one JSON object.</summary>
    public static Option<bool> Json() =>
        new("--json") { Description = "Print one JSON object and nothing else." };

    /// <summary>Fields to be changed, each as path=value; see <see cref="Assignments"/>.</summary>
    public static Option<string[]> Set(string description) =>
        new("--set")
        {
            Description = description,
            HelpName = "path=value",
            Arity = ArgumentArity.OneOrMore,
        };

    /// <summary>
    /// Any number of names: what looks like an option is none of them, but a mistake.
    /// </summary>
    public static Argument<string[]> Names(string name, string description, ArgumentArity arity)
    {
        var names = new Argument<string[]>(name) { Description = description, Arity = arity };
        names.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.StartsWith('-')))
            {
                result.AddError($"there is no option {token.Value}");
            }
        });
        return names;
    }

    /// <summary>A run's place in the queue.</summary>
    public static Option<int> Priority() =>
        new("--priority")
        {
            Description = "Place in the queue: higher ones come first; 0 if not given.",
            HelpName = "N",
        };

    /// <summary>No progress.</summary>
    public static Option<bool> Quiet() =>
        new("--quiet", "-q") { Description = "Show no progress." };

    /// <summary>Whatever the memory that a run will take.</summary>
    public static Option<bool> ForceMemory() =>
        new("--force-memory")
        {
            Description = "Begin also where memory does not seem to suffice.",
        };

    /// <summary>A file or folder.</summary>
    public static Option<string?> File(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help };

    /// <summary>Leave-one-out pruning; null if nothing is said of it.</summary>
    public static Option<PruningSpec?> Prune(string auto) =>
        new("--prune")
        {
            Description =
                $"Drop active latents that add at most so much to the others; auto: {auto}.",
            HelpName = "auto|off|N",
            CustomParser = ParsePrune,
        };

    /// <summary>Seconds between two looks.</summary>
    public static Option<double?> Interval(string description) =>
        new("--interval")
        {
            Description = description,
            HelpName = "SECONDS",
            CustomParser = ParseInterval,
        };

    private static double? ParseInterval(ArgumentResult result)
    {
        const double longest = 3600;
        var text = result.Tokens.Count == 0 ? "" : result.Tokens[0].Value.TrimEnd('s');
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 0.1 and <= longest)
        {
            return seconds;
        }

        result.AddError($"--interval: must be 0.1 to {longest} seconds (got {text})");
        return null;
    }

    private static PruningSpec? ParsePrune(ArgumentResult result)
    {
        var text = result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;
        switch (text)
        {
            case "auto":
                return PruningSpec.Auto;
            case "off":
                return PruningSpec.Off;
            default:
                if (float.TryParse(
                        text, NumberStyles.Float, CultureInfo.InvariantCulture, out var threshold)
                    && float.IsFinite(threshold))
                {
                    return PruningSpec.NewBelow(threshold);
                }

                result.AddError($"--prune: must be auto, off or a number (got {text})");
                return null;
        }
    }

    private static long? ParseCount(ArgumentResult result, string name, long min)
    {
        var text = result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;
        if (Counts.TryParse(text, out var count) && count >= min)
        {
            return count;
        }

        result.AddError(
            $"{name}: must be {Counts.Forms}{(min > 0 ? $", at least {min}" : "")} (got {text})");
        return null;
    }
}
