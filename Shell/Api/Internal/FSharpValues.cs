using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace SynthSae.Api;

/// <summary>Between what C# has for "perhaps" and "several", and what F# has.</summary>
internal static class FSharpValues
{
    public static FSharpOption<T>? Option<T>(T? value)
        where T : struct =>
        value is { } some ? FSharpOption<T>.Some(some) : null;

    public static FSharpOption<string>? Option(string? value) =>
        value is null ? null : FSharpOption<string>.Some(value);

    public static T? Nullable<T>(FSharpOption<T>? option)
        where T : struct =>
        OptionModule.IsSome(option!) ? option!.Value : null;

    public static string? Text(FSharpOption<string>? option) =>
        OptionModule.IsSome(option!) ? option!.Value : null;

    public static bool IsSome<T>(FSharpOption<T>? option) => OptionModule.IsSome(option!);

    public static FSharpList<T> List<T>(IEnumerable<T> values) => ListModule.OfSeq(values);
}
