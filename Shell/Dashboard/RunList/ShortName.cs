using SynthSae.Store;

namespace SynthSae.Dashboard.RunList;

/// <summary>What a run is called where there is little room.</summary>
internal static class ShortName
{
    private const int DateLength = 9; // yyyyMMdd-

    /// <summary>
    /// The id without the date of its beginning: 213405-small-topk-4096-k25. The whole id where it
    /// has none.
    /// </summary>
    public static string Of(RunSummary run) => Of(run.Id);

    /// <inheritdoc cref="Of(RunSummary)"/>
    public static string Of(string id) =>
        id.Length > DateLength
            && id[DateLength - 1] == '-'
            && id.Take(DateLength - 1).All(char.IsAsciiDigit)
            ? id[DateLength..]
            : id;
}
