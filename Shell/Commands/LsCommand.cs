using System.CommandLine;
using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Dashboard.RunList;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Reports;
using SynthSae.Store;
using SynthSae.Store.Filtering;
using SynthSae.Supervision;

namespace SynthSae.Commands;

/// <summary>Lists runs.</summary>
internal sealed class LsCommand : RunsCommand
{
    private readonly Argument<string[]> _words = new("word")
    {
        Description = "Only runs that fit all of these: "
            + string.Join("; ", RunFilter.Forms.Select(form => $"{form.Form} ({form.Meaning})"))
            + ". After -- a word may begin with a dash.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> _sort = new("--sort")
    {
        Description = $"By {string.Join(", ", RunFields.All.Select(field => field.Name))}; "
            + "the best or newest first.",
        HelpName = "COLUMN",
    };

    private readonly Option<bool> _reverse = new("--reverse")
    {
        Description = "The other way round.",
    };

    private readonly Option<long?> _limit = CliOptions.Count(
        "--limit", "No more than the first N.");

    private readonly Option<bool> _json = CliOptions.Json();

    public LsCommand(Host host)
        : base(host, "ls", "List runs: how they stand, how they do.")
    {
        Arguments.Add(_words);
        Add(_sort);
        Add(_reverse);
        Add(_limit);
        Add(_json);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae ls", "all runs, the newest first"),
        ("synthsae ls state:active", "those that are queued or running"),
        ("synthsae ls jumprelu tag:paper --sort f1", "the best of some"),
        ("synthsae ls state:failed --json", "for scripts"),
    ];

    private int Execute(ParseResult parsed)
    {
        var store = Store(parsed);
        var filter = RunFilter.Parse(string.Join(' ', parsed.GetValue(_words) ?? []));
        var order = Order(parsed.GetValue(_sort));
        var all = store.List();
        var picked = (parsed.GetValue(_reverse) ? order.Turned() : order)
            .Sort(all.Where(run => filter.Matches(run, Fields)));
        var limit = (int)Math.Min(parsed.GetValue(_limit) ?? int.MaxValue, int.MaxValue);
        var shown = picked.Take(limit).ToList();
        if (parsed.GetValue(_json))
        {
            var runs = new JsonArray([.. shown.Select(run => run.ToJson())]);
            Host.Out.Write(Json.Pretty(new JsonObject { ["runs"] = runs }));
        }
        else if (shown.Count == 0)
        {
            var where = ShownPath.Of(store.Folder);
            Host.Error.WriteLine(all.Count == 0
                ? $"There are no runs in {where}; begin with: synthsae run small"
                : $"None of the {Counts.Exact(all.Count)} runs in {where} fits.");
        }
        else
        {
            RunListReport.Write(shown, picked.Count, DateTime.UtcNow, Host);
            foreach (var remark in QueueRemark.Of(StateFolder.OfUser(), all))
            {
                Host.Error.WriteLine(remark);
            }
        }

        return ExitCode.Ok;
    }

    private static RunOrder Order(string? name) =>
        name is null ? RunOrder.Newest
        : RunFields.Find(name) is { } field ? RunOrder.By(field)
        : throw Failure.BadInput(
            "--sort",
            $"there is no column {name}"
                + Nearest.Hint(name, RunFields.All.Select(known => known.Name)));

    private static IReadOnlyDictionary<string, string>? Fields(RunSummary run) =>
        RunStore.Spec(run) is { } spec ? SpecDifference.Flatten(spec) : null;
}
