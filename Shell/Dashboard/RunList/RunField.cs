using SynthSae.Store;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.RunList;

/// <summary>Something that the table of runs shows of each, in a column of its own.</summary>
/// <param name="Name">As it is called where one sorts.</param>
/// <param name="Column">Heading, place and width.</param>
/// <param name="Cell">What stands there, at a moment.</param>
internal sealed record RunField(
    string Name, TableColumn Column, Func<RunSummary, DateTime, TableCell> Cell)
{
    /// <summary>What numbers are sorted by; NaN comes last.</summary>
    public Func<RunSummary, double>? Number { get; init; }

    /// <summary>What texts are sorted by.</summary>
    public Func<RunSummary, string>? Text { get; init; }

    /// <summary>The order that one wants first: the best, the newest.</summary>
    public bool DescendingFirst { get; init; }
}
