using Microsoft.FSharp.Core;
using SynthSae.Api;
using SynthSae.Spec;

namespace SynthSae;

/// <summary>The way of the L0 to its final value ("Sparse but Wrong", appendix A.3).</summary>
/// <param name="Start">The L0 of the first step, above 0 and at most L.</param>
public sealed record L0Path(double Start)
{
    /// <summary>Steps until the final L0 is reached, at least 1; null for all of the run.</summary>
    public int? Steps { get; init; }

    /// <summary>The form of the way.</summary>
    public L0PathShape Shape { get; init; }

    internal static L0Path? OfCore(FSharpOption<L0Schedule>? core) =>
        OptionModule.IsNone(core!) ? null : new L0Path(core!.Value.Start)
        {
            Steps = FSharpValues.Nullable(core.Value.Steps),
            Shape = Enums.OfCore(core.Value.Shape),
        };

    internal FSharpOption<L0Schedule> ToCore() => FSharpOption<L0Schedule>.Some(
        new L0Schedule(Start, FSharpValues.Option(Steps), Enums.ToCore(Shape)));
}
