using SynthSae.Store;

namespace SynthSae.Dashboard.RunList;

/// <summary>How runs are sorted.</summary>
/// <param name="Field">By what.</param>
/// <param name="Descending">From the largest, or from the end of the alphabet.</param>
internal sealed record RunOrder(RunField Field, bool Descending)
{
    /// <summary>The newest first.</summary>
    public static RunOrder Newest { get; } = By(RunFields.Made);

    /// <summary>By a field, in the order that one wants first.</summary>
    public static RunOrder By(RunField field) => new(field, field.DescendingFirst);

    /// <summary>By the next field to the right, or to the left.</summary>
    public RunOrder Next(int by)
    {
        var count = RunFields.All.Count;
        return By(RunFields.All[(((RunFields.PlaceOf(Field) + by) % count) + count) % count]);
    }

    /// <summary>The other way round.</summary>
    public RunOrder Turned() => this with { Descending = !Descending };

    /// <summary>
    /// The runs sorted; of equals the newest first. What has no value comes last in any order.
    /// </summary>
    public IReadOnlyList<RunSummary> Sort(IEnumerable<RunSummary> runs)
    {
        var newest = runs
            .OrderByDescending(run => run.Snapshot.Created)
            .ThenByDescending(run => run.Id, StringComparer.Ordinal);
        if (Field.Number is { } number)
        {
            return
            [
                .. newest.Select(run => (run, value: number(run)))
                    .OrderBy(pair => double.IsNaN(pair.value))
                    .ThenBy(pair => Descending ? -pair.value : pair.value)
                    .Select(pair => pair.run),
            ];
        }

        var text = Field.Text!;
        var byText = newest.OrderBy(run => text(run).Length == 0);
        return Descending
            ? [.. byText.ThenByDescending(text, StringComparer.OrdinalIgnoreCase)]
            : [.. byText.ThenBy(text, StringComparer.OrdinalIgnoreCase)];
    }
}
