using Microsoft.FSharp.Collections;
using Known = SynthSae.Spec.Coding.Nearest;

namespace SynthSae.Formatting;

/// <summary>The known word that a mistyped one was probably meant to be.</summary>
internal static class Nearest
{
    /// <summary>"; did you mean "x"?" or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> candidates) =>
        Known.question(ListModule.OfSeq(candidates), word);
}
