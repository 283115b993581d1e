namespace SynthSae.Terminal.Tables;

/// <summary>How a table is drawn.</summary>
internal sealed record TableOptions
{
    /// <summary>The row that keys act on; -1 for none.</summary>
    public int Selected { get; init; } = -1;

    /// <summary>The column that the rows are sorted by; -1 for none.</summary>
    public int SortedBy { get; init; } = -1;

    /// <summary>Sorted from the largest.</summary>
    public bool Descending { get; init; }

    /// <summary>Keys go to this table: its selection is drawn in reverse.</summary>
    public bool Focused { get; init; } = true;

    /// <summary>Show the headings.</summary>
    public bool Headings { get; init; } = true;

    /// <summary>Said where there are no rows.</summary>
    public string Empty { get; init; } = "nothing here";
}
