using System.Globalization;
using SynthSae.Core;

namespace SynthSae.Runs;

/// <summary>Names of run folders, which sort by time and read well.</summary>
internal static class RunId
{
    /// <summary>The name of a run that begins now.</summary>
    public static string Of(RunPlan plan, DateTime utc) =>
        plan.Saes is [var sae]
            ? Create(utc, [plan.Name, .. sae.Words])
            : Create(utc, plan.Name, $"{plan.Saes.Count}", "saes");

    /// <summary>E.g. <c>20261120-213405-synth-sae-bench-16k-batchtopk-4096-k25</c> (UTC).</summary>
    public static string Create(DateTime utc, params string[] words)
    {
        var time = utc.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        return $"{time}-{Clean(words)}";
    }

    /// <summary>
    /// The words with hyphens between them, in letters that any file system takes.
    /// </summary>
    public static string Clean(params string[] words) =>
        string.Join('-', words.Where(word => word.Length > 0).Select(Clean));

    private static string Clean(string word) =>
        string.Concat(word.ToLowerInvariant().Select(letter =>
            char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' ? letter : '-')).Trim('-');
}
