using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using SynthSae.Compute;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>Errors that the user can mend, in the form that the F# core gives them.</summary>
internal static class Failure
{
    /// <summary>One broken rule at a place: a flag, a file, a folder.</summary>
    public static Exception BadInput(string place, string problem) => new BadInput(place, problem);

    /// <summary>The value, or <see cref="SpecException"/> with every error.</summary>
    public static T OrThrow<T>(this FSharpResult<T, FSharpList<SpecError>> result, string place) =>
        result.IsOk ? result.ResultValue : throw new SpecException(place, [.. result.ErrorValue]);
}
