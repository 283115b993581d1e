using System.Collections.Immutable;
using SynthSae.Store;
using SynthSae.Store.Filtering;

namespace SynthSae.Dashboard.RunList;

/// <summary>
/// The table of runs: which there are, and how one looks at them. Each change gives a new one, with
/// its rows.
/// </summary>
internal sealed record RunListModel
{
    /// <summary>Nothing is known yet.</summary>
    public static RunListModel Empty { get; } = new();

    private RunListModel()
    {
    }

    /// <summary>All runs.</summary>
    public IReadOnlyList<RunSummary> All { get; private init; } = [];

    /// <summary>False until they have been read once.</summary>
    public bool Loaded { get; private init; }

    /// <summary>How they are sorted.</summary>
    public RunOrder Order { get; private init; } = RunOrder.Newest;

    /// <summary>Which are shown.</summary>
    public RunFilter Filter { get; private init; } = RunFilter.All;

    /// <summary>Runs of a sweep stand together.</summary>
    public bool Grouped { get; private init; } = true;

    /// <summary>Sweeps whose runs are hidden.</summary>
    public ImmutableHashSet<string> Folded { get; private init; } = [];

    /// <summary>Ids of marked runs, in the order in which they were marked.</summary>
    public ImmutableList<string> Marked { get; private init; } = [];

    /// <summary>Fields of specifications by id, as far as a filter needed them.</summary>
    public ImmutableDictionary<string, IReadOnlyDictionary<string, string>> Specs
    {
        get;
        private init;
    } = ImmutableDictionary<string, IReadOnlyDictionary<string, string>>.Empty;

    /// <summary>What is shown, from the top.</summary>
    public IReadOnlyList<RunRow> Rows { get; private init; } = [];

    /// <summary>How many runs the filter picks.</summary>
    public int Picked { get; private init; }

    /// <summary>Place of the row that keys act on; -1 where there are no rows.</summary>
    public int Selected { get; private init; } = -1;

    /// <summary>The row that keys act on.</summary>
    public RunRow? Row => Selected >= 0 && Selected < Rows.Count ? Rows[Selected] : null;

    /// <summary>
    /// The runs that actions concern: those marked, else those of the selected row.
    /// </summary>
    public IReadOnlyList<RunSummary> Targets =>
        Marked.Count > 0
            ? [.. Marked.Select(Find).OfType<RunSummary>()]
            : Row?.Runs ?? [];

    /// <summary>
    /// Picked runs whose specifications a filter asks for, and which are not there.
    /// </summary>
    public IReadOnlyList<RunSummary> SpecsWanted =>
        Filter.NeedsSpecs ? [.. All.Where(run => !Specs.ContainsKey(run.Id))] : [];

    /// <summary>A run by its id.</summary>
    public RunSummary? Find(string id) => All.FirstOrDefault(run => run.Id == id);

    /// <summary>The store was read.</summary>
    public RunListModel With(IReadOnlyList<RunSummary> runs)
    {
        var ids = runs.Select(run => run.Id).ToHashSet();
        return Arranged(this with
        {
            All = runs,
            Loaded = true,
            Marked = Marked.RemoveAll(id => !ids.Contains(id)),
        });
    }

    /// <summary>Specifications were read.</summary>
    public RunListModel WithSpecs(
        IEnumerable<KeyValuePair<string, IReadOnlyDictionary<string, string>>> specs) =>
        Arranged(this with { Specs = Specs.SetItems(specs) });

    /// <summary>Sorted otherwise.</summary>
    public RunListModel With(RunOrder order) => Arranged(this with { Order = order });

    /// <summary>Others are picked.</summary>
    public RunListModel With(RunFilter filter) => Arranged(this with { Filter = filter });

    /// <summary>Runs of a sweep stand together, or each for itself.</summary>
    public RunListModel ToggleGrouping() => Arranged(this with { Grouped = !Grouped });

    /// <summary>Show or hide the runs of the sweep of the selected row.</summary>
    public RunListModel ToggleFold() =>
        SweepOf(Row) is { } sweep
            ? Arranged(this with
            {
                Folded = Folded.Contains(sweep) ? Folded.Remove(sweep) : Folded.Add(sweep),
            }).Select(RunRow.Group.KeyOf(sweep))
            : this;

    /// <summary>
    /// Mark the runs of the selected row, or unmark them if all are; on to the next.
    /// </summary>
    public RunListModel ToggleMark()
    {
        var ids = (Row?.Runs ?? []).Select(run => run.Id).ToList();
        var marked = ids.All(Marked.Contains)
            ? Marked.RemoveRange(ids)
            : Marked.AddRange(ids.Where(id => !Marked.Contains(id)));
        return (this with { Marked = marked }).Move(1);
    }

    /// <summary>Nothing is marked.</summary>
    public RunListModel Unmark() => this with { Marked = [] };

    /// <summary>No row is selected: nobody is there to press keys.</summary>
    public RunListModel WithoutSelection() => this with { Selected = -1 };

    /// <summary>Down by so many rows, or up.</summary>
    public RunListModel Move(int by) => this with { Selected = Within(Selected + by, Rows) };

    /// <summary>Select the row with that key, if there is one.</summary>
    public RunListModel Select(string key) =>
        Place(Rows, key) is >= 0 and var at ? this with { Selected = at } : this;

    /// <summary>The sweep that a row belongs to, where runs stand together.</summary>
    public string? SweepOf(RunRow? row) =>
        row switch
        {
            RunRow.Group group => group.Sweep,
            RunRow.One { InGroup: true } one => one.Run.Sweep,
            _ => null,
        };

    // The selected row stays selected where it goes on to be there; else its place.
    private static RunListModel Arranged(RunListModel model)
    {
        var picked = model.Filter.IsEmpty
            ? model.All
            : [.. model.All.Where(run =>
                model.Filter.Matches(run, one => model.Specs.GetValueOrDefault(one.Id)))];
        var rows = RunRows.Of(model.Order.Sort(picked), model.Grouped, model.Folded);
        var kept = model.Row is { } row ? Place(rows, row.Key) : -1;
        return model with
        {
            Rows = rows,
            Picked = picked.Count,
            Selected = kept >= 0 ? kept : Within(model.Selected, rows),
        };
    }

    private static int Place(IReadOnlyList<RunRow> rows, string key)
    {
        for (var at = 0; at < rows.Count; at++)
        {
            if (rows[at].Key == key)
            {
                return at;
            }
        }

        return -1;
    }

    private static int Within(int place, IReadOnlyList<RunRow> rows) =>
        rows.Count == 0 ? -1 : Math.Clamp(place, 0, rows.Count - 1);
}
