using System.Text.RegularExpressions;

namespace SynthSae.Slurm;

/// <summary>What a command left behind.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed partial record CommandOutcome(int Code, string Out, string Error)
{
    /// <summary>True if it says that all went well.</summary>
    public bool IsOk => Code == 0;

    /// <summary>The lines of its output.</summary>
    public IEnumerable<string> Lines => LinesOf(Out);

    /// <summary>What it complains of, in one line: its errors, else its output.</summary>
    public string Complaint
    {
        get
        {
            var lines = LinesOf(Error).Concat(LinesOf(Out)).Select(
                line => Heading().Replace(line, ""));
            var text = string.Join("; ", lines.Distinct());
            return text != "" ? text : $"it ended with exit code {Code} and said nothing";
        }
    }

    private static IEnumerable<string> LinesOf(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    // "sbatch: error: "
    [GeneratedRegex("^[a-z]+: (error|fatal): ")]
    private static partial Regex Heading();
}
