using Microsoft.FSharp.Collections;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hub;
using SynthSae.Spec;

namespace SynthSae.Sweeps;

/// <summary>Reads sweeps from files, from those that come with the program, and from sweep
/// folders.</summary>
internal static class SweepPlans
{
    /// <summary>
    /// The sweep of a file or of a name, after changes of its base, each a path and a value. A
    /// model on the hub is downloaded, and named with its commit from then on.
    /// </summary>
    /// <exception cref="SpecException">It breaks rules; all are listed.</exception>
    public static SweepPlan Load(
        string name,
        IReadOnlyList<(string Path, string Value)> changes,
        IPullObserver? observer = null)
    {
        var spec = SweepSpecModule.ofJson(Text(name)).OrThrow(name);
        var columns = SweepSpecModule.columns(spec);
        foreach (var (path, _) in changes.Where(change => columns.Contains(change.Path)))
        {
            throw Failure.BadInput("--set", $"{path} is what the sweep varies");
        }

        var settings = changes.Select(change => Tuple.Create(change.Path, change.Value));
        var changed = SweepSpecModule.withSettings(ListModule.OfSeq(settings), spec);
        return Plan(WithBase(changed, name), name, observer);
    }

    /// <summary>The sweep of a folder, once more.</summary>
    public static SweepPlan Again(SweepFolder folder, SweepRecord record) =>
        Plan(
            SweepSpecModule.ofJson(Json.Line(record.Spec)).OrThrow(folder.RecordFile),
            folder.RecordFile,
            null);

    private static string Text(string name) =>
        ShippedSweeps.Find(name) is { } shipped ? shipped.Text
        : File.Exists(name) ? Files.ReadText(name)
        : throw Failure.BadInput(
            name,
            "there is no such sweep or file"
                + Nearest.Hint(name, ShippedSweeps.All.Select(sweep => sweep.Name)));

    // A base that is named by a path lies beside the sweep's file, or where the command is typed.
    private static SweepSpec WithBase(SweepSpec spec, string file)
    {
        if (spec.Base is not SweepBase.Named { Item: { Length: > 0 } name })
        {
            return spec;
        }

        var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file)) ?? "", name);
        var found = PresetList.Find(name) is null && Path.Exists(beside) ? beside : name;
        return new SweepSpec(
            spec.Name,
            spec.Description,
            SweepBase.NewSpec(RunSpecs.Read(found).Spec),
            spec.Set,
            spec.Axes,
            spec.Seeds,
            spec.Group,
            spec.MaxSaesPerRun);
    }

    private static SweepPlan Plan(SweepSpec spec, string place, IPullObserver? observer)
    {
        var trials = Sweep.expand(spec).OrThrow(place);
        var located = new Dictionary<DataSource, DataSource>();
        SweepPlan.Run Run(SweepRun run)
        {
            var data = run.Run.Value.Data;
            if (!located.TryGetValue(data, out var found))
            {
                located[data] = found = RunSpecs.Located(data, observer);
            }

            var valid = RunSpecModule.validate(RunSpecs.WithData(run.Run.Value, found));
            return new SweepPlan.Run(new RunPlan(spec.Name, valid.OrThrow(place)), [.. run.Trials]);
        }

        return new SweepPlan(spec, [.. trials], [.. Sweep.group(spec, trials).Select(Run)]);
    }
}
