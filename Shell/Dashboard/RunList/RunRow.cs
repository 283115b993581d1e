using SynthSae.Store;

namespace SynthSae.Dashboard.RunList;

/// <summary>A row of the table of runs.</summary>
internal abstract record RunRow
{
    private RunRow()
    {
    }

    /// <summary>Stays the same while the table changes about it.</summary>
    public abstract string Key { get; }

    /// <summary>The runs that an action on the row concerns.</summary>
    public abstract IReadOnlyList<RunSummary> Runs { get; }

    /// <summary>A run.</summary>
    /// <param name="Run">The run.</param>
    /// <param name="InGroup">It stands below its sweep.</param>
    internal sealed record One(RunSummary Run, bool InGroup) : RunRow
    {
        public override string Key => Run.Id;

        public override IReadOnlyList<RunSummary> Runs => [Run];
    }

    /// <summary>A sweep.</summary>
    /// <param name="Sweep">Its name.</param>
    /// <param name="Members">Its runs that are picked.</param>
    /// <param name="Folded">They are not shown.</param>
    internal sealed record Group(
        string Sweep, IReadOnlyList<RunSummary> Members, bool Folded) : RunRow
    {
        public override string Key => KeyOf(Sweep);

        public override IReadOnlyList<RunSummary> Runs => Members;

        /// <summary>No run has such an id: a slash is in no name of a folder.</summary>
        public static string KeyOf(string sweep) => $"sweep/{sweep}";
    }
}
