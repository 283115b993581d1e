using System.Collections.Immutable;

namespace SynthSae.Dashboard;

internal abstract partial record Msg
{
    /// <summary>The metrics of charts were chosen.</summary>
    public sealed record MetricsChosen(string Purpose, ImmutableList<string> Metrics) : Msg;
}
